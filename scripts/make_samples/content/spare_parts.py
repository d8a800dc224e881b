"""Rows of the spare parts list."""

from __future__ import annotations

import random
from datetime import date

from scripts.make_samples.write_office import Cell

# family -> (number prefix, first number, parts as (description, variants, lowest price, weight in grams))
_FAMILIES: dict[str, tuple[str, int, list[tuple[str, tuple[str, ...], float, int]]]] = {
    "TPX-210": (
        "210",
        3301,
        [
            (
                "Membrane capsule 316L",
                ("1 bar", "2.5 bar", "6 bar", "16 bar", "40 bar", "100 bar", "250 bar"),
                61.5,
                38,
            ),
            ("Sealing ring FKM", ("G 1/4", "G 1/2"), 1.8, 2),
            ("M12 plug, four-pin", ("straight", "angled"), 7.4, 24),
            ("Cable shielded", ("2 m", "5 m", "10 m", "20 m"), 9.9, 110),
            ("Electronics board", ("HART 5", "HART 7"), 74.0, 21),
            ("Housing lower half", ("plain", "with label"), 15.2, 64),
            ("Housing upper half", ("plain", "with window"), 12.9, 41),
            ("Mounting bracket", ("wall", "pipe 1 inch", "pipe 2 inch"), 11.6, 180),
            ("Adapter", ("G 1/4 to 1/4 NPT", "G 1/2 to 1/2 NPT", "G 1/4 to M20"), 13.3, 72),
            ("Cooling element", ("short", "long"), 48.0, 260),
            ("Snubber for pressure peaks", ("G 1/4", "G 1/2", "1/4 NPT"), 26.4, 58),
            ("Shut-off valve", ("G 1/4", "G 1/2", "1/4 NPT"), 39.5, 310),
            ("Type plate", ("standard", "to customer text"), 4.5, 3),
            ("Trim magnet", ("single", "pack of five"), 6.1, 19),
        ],
    ),
    "TPX-220": (
        "220",
        4101,
        [
            (
                "Membrane capsule Hastelloy",
                ("1 bar", "2.5 bar", "6 bar", "16 bar", "40 bar", "100 bar", "250 bar", "400 bar", "600 bar"),
                148.0,
                45,
            ),
            ("Sealing ring FFKM", ("G 1/4", "G 1/2"), 21.5, 2),
            ("M12 plug, four-pin, sealed", ("straight", "angled"), 11.2, 29),
            ("Cable shielded, oil-proof", ("5 m", "10 m", "20 m", "50 m"), 24.0, 310),
            ("Electronics board Ex ia", ("standard", "fast"), 121.0, 23),
            ("Sensor body", ("G 1/4", "G 1/2", "1/4 NPT"), 79.0, 118),
            ("Adapter Hastelloy", ("G 1/4 to 1/4 NPT", "G 1/2 to 1/2 NPT", "G 1/2 to flange DN 25"), 88.0, 140),
            ("Sun shield", ("steel", "plastic"), 17.8, 150),
            ("Lightning arrester", ("single", "double"), 58.0, 95),
            ("Snubber Hastelloy", ("G 1/4", "G 1/2", "1/4 NPT"), 97.0, 66),
            ("Shut-off valve Hastelloy", ("G 1/4", "G 1/2", "1/4 NPT"), 186.0, 340),
            ("Remote display", ("wall", "pipe 2 inch"), 132.0, 410),
            ("Ex barrier", ("rail, one channel", "rail, two channels"), 88.5, 120),
        ],
    ),
    "TFL-400": (
        "440",
        10,
        [
            ("Transducer standard", ("DN 25-100", "DN 65-400", "DN 250-1200"), 385.0, 420),
            ("Transducer HT", ("DN 25-100", "DN 65-400", "DN 250-1200"), 610.0, 455),
            ("Transducer FX zone 2", ("DN 65-400", "DN 250-1200"), 742.0, 470),
            ("Strap stainless steel", ("up to DN 100", "up to DN 400", "up to DN 800", "up to DN 1200"), 12.4, 160),
            ("Coupling paste", ("tube 50 g", "tube 100 g", "high temperature 100 g"), 8.9, 60),
            ("Cable extension kit", ("10 m", "20 m", "50 m"), 62.0, 700),
            ("Buffer battery CR2477", ("single", "pack of ten"), 5.6, 11),
            ("Main board", ("24 V DC", "mains"), 298.0, 145),
            ("Display module", ("standard", "low temperature"), 117.0, 88),
            ("Wall bracket", ("steel", "stainless steel"), 19.5, 540),
            ("Cable gland", ("M16", "M20"), 3.2, 18),
            ("Terminal cover", ("grey", "blue"), 9.1, 75),
            ("Carrying case", ("empty", "with battery pack"), 240.0, 5200),
            ("Battery pack", ("14 h", "28 h"), 168.0, 1900),
            ("Wall thickness gauge", ("standard", "high temperature probe"), 395.0, 280),
            ("Pipe insulation cut-out", ("DN 100", "DN 200", "DN 400"), 34.0, 240),
            ("Temperature sensor Pt100, clamp-on", ("3 m", "10 m"), 44.0, 130),
        ],
    ),
    "Marl": (
        "339",
        250,
        [
            ("Storage solution KCl 3 mol/l", ("250 ml", "1 l"), 9.8, 300),
            ("Buffer solution pH 4.01", ("250 ml", "1 l", "20 sachets"), 8.6, 290),
            ("Buffer solution pH 7.00", ("250 ml", "1 l", "20 sachets"), 8.6, 290),
            ("Buffer solution pH 9.21", ("250 ml", "1 l", "20 sachets"), 9.4, 290),
            ("Pepsin cleaning solution", ("250 ml", "1 l"), 16.9, 300),
            ("Wetting cap", ("12 mm", "12 mm, pack of five"), 2.9, 4),
            ("Cable with S8 head", ("3 m", "5 m", "10 m", "25 m"), 31.0, 140),
            ("Immersion fitting", ("0.5 m", "1 m", "1.5 m", "2 m"), 164.0, 1800),
            ("Flow-through fitting", ("PVC", "stainless steel"), 139.0, 900),
            ("Retractable fitting", ("manual", "pneumatic"), 690.0, 4200),
            ("Simulator for pH inputs", ("battery", "mains"), 225.0, 350),
            ("Citric acid, 5 percent", ("250 ml", "1 l"), 7.8, 300),
            ("Transmitter pH, 4-20 mA", ("head", "rail", "wall"), 178.0, 190),
            ("Protective basket", ("PVC", "stainless steel"), 22.0, 160),
        ],
    ),
    "Aquilo": (
        "550",
        40,
        [
            ("Halogen lamp", ("115 V", "230 V"), 98.0, 130),
            ("Aluminium pan", ("pack of 80", "pack of 400"), 24.0, 210),
            ("Glass-fibre pad", ("pack of 100", "pack of 500"), 39.0, 180),
            ("Pan holder", ("standard", "with handle"), 18.5, 66),
            ("Draught shield", ("glass", "steel"), 46.0, 520),
            ("Calibration weight 20 g", ("class F1", "class F2"), 54.0, 20),
            ("Temperature kit", ("without certificate", "with certificate"), 410.0, 640),
            ("Protective glass", ("standard", "coated"), 27.0, 95),
            ("Printer ribbon", ("single", "pack of five"), 7.2, 30),
            ("Dust cover", ("small", "large"), 14.8, 110),
            ("Fan", ("24 V", "230 V"), 33.0, 140),
            ("Keypad foil", ("English", "Czech", "German", "French"), 21.0, 16),
            ("Stainless steel pan", ("single", "pack of ten"), 9.5, 35),
            ("Foot", ("single", "set of four"), 2.1, 12),
        ],
    ),
    "Corvid": (
        "770",
        25,
        [
            ("Antenna", ("stub", "magnetic foot 3 m", "wall 5 m", "mast 10 m"), 14.0, 90),
            ("External antenna, high gain", ("5 m", "10 m"), 47.0, 330),
            ("Fuse F1 1.6 A slow", ("single", "pack of ten"), 0.9, 2),
            ("Power supply 24 V", ("rail 15 W", "rail 60 W", "plug"), 28.0, 260),
            ("Modem board", ("Europe", "America", "Asia"), 156.0, 60),
            ("Main board", ("one SIM", "two SIM"), 214.0, 95),
            ("Housing", ("rail", "wall IP65"), 36.0, 410),
            ("Terminal block", ("2-pole", "4-pole", "8-pole"), 2.6, 12),
            ("Backup battery", ("2 h", "12 h"), 41.0, 480),
            ("Converter Modbus to M-Bus", ("20 loads", "60 loads"), 133.0, 240),
            ("SIM card, industrial", ("Europe", "world"), 6.0, 1),
            ("Rail clip", ("steel", "plastic"), 3.3, 25),
            ("Door contact", ("1 m", "5 m"), 12.2, 40),
            ("Solar supply", ("20 W", "60 W"), 245.0, 5600),
        ],
    ),
}


_PACKS = {
    "pack of five": 4.4,
    "pack of ten": 8.5,
    "set of four": 3.6,
    "pack of 400": 4.2,
    "pack of 500": 4.2,
    "1 l": 2.9,
    "20 sachets": 1.5,
}


def part_rows() -> list[tuple[Cell, ...]]:
    """Parts in the order of their numbers; prices rise with the variant, stocks come from a fixed seed."""
    rng = random.Random(2025)
    rows: list[tuple[Cell, ...]] = []
    for family, (prefix, first, parts) in _FAMILIES.items():
        number = first
        for description, variants, price, weight in parts:
            for step, variant in enumerate(variants):
                pack = next((value for end, value in _PACKS.items() if variant.endswith(end)), None)
                cost = round(price * (pack or 1 + 0.23 * step) * 20) / 20
                rows.append(
                    (
                        f"{prefix}-{number:04d}",
                        f"{description}, {variant}",
                        family,
                        cost,
                        rng.randrange(0, 400),
                        rng.randrange(0, 60),
                        rng.choice((2, 3, 5, 8, 10, 15, 25)),
                        round(weight * (pack or 1 + 0.3 * step)),
                    )
                )
                number += rng.choice((1, 1, 1, 2, 3))
    return rows


def obsolete_rows() -> list[tuple[Cell, ...]]:
    """Parts that are no longer sold."""
    return [
        ("210-2104", "Electronics board, HART 4", date(2021, 6, 30), "Electronics board, HART 7", "new plug needed"),
        ("210-2117", "Cable unshielded, 2 m", date(2020, 12, 31), "Cable shielded, 2 m", None),
        ("220-3016", "Sealing ring EPDM", date(2022, 3, 31), None, "no replacement, use FFKM ring if medium allows"),
        ("440-0004", "Transducer, first generation", date(2023, 9, 30), "Transducer standard", "firmware 3.0 needed"),
        ("440-0007", "Display, text only", date(2019, 4, 30), "Display module, standard", "new front panel needed"),
        ("339-0108", "Refillable electrolyte, 100 ml", date(2018, 8, 31), None, "only for Marl 20"),
        ("550-0012", "Infrared heater", date(2022, 11, 30), None, "Aquilo 40 is out of service since 2022"),
        (
            "770-0011",
            "Modem board, second generation mobile network",
            date(2024, 2, 29),
            "Modem board, Europe",
            "network switched off",
        ),
    ]


def compatibility_rows() -> list[tuple[Cell, ...]]:
    """Serial number ranges in which a part fits."""
    return [
        ("Electronics board, HART 7", "21-04000", "open", "TPX-210 from 2015"),
        ("Electronics board, HART 5", "21-00001", "21-03999", "TPX-210 until 2014, last stock"),
        ("Main board, 24 V DC", "4-20000", "open", "TFL-400 with firmware 3.0 or later"),
        ("Halogen lamp, 230 V", "50-00001", "open", "all Aquilo 50 outside North America"),
        ("Halogen lamp, 115 V", "50-01200", "open", "North America from 2016"),
        ("Modem board, Europe", "C7-1000", "open", "needs firmware 3.6"),
        ("Backup battery, 12 h", "C7-4500", "open", "older housings are too flat"),
    ]
