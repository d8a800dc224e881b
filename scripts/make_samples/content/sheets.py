"""Workbooks: salary bands, price list, budget and the list of spare parts."""

from __future__ import annotations

from datetime import date, datetime

from scripts.make_samples.write_office import Book, Cell, Sheet

from .spare_parts import compatibility_rows, obsolete_rows, part_rows

_GRADES: list[tuple[str, str, int, int, int]] = [
    ("G1", "Assistant, machine operator", 23400, 25600, 27900),
    ("G2", "Technician, clerk", 26200, 29100, 32000),
    ("G3", "Senior technician, specialist", 30100, 34000, 38100),
    ("G4", "Engineer, accountant", 36500, 41800, 47200),
    ("G5", "Senior engineer, account manager", 44800, 51500, 58300),
    ("G6", "Principal engineer, team manager", 54900, 63400, 72000),
    ("G7", "Department manager, staff scientist", 67500, 78600, 89800),
    ("G8", "Head of function, site manager", 84200, 98500, 112900),
    ("G9", "Executive team", 118000, 141000, 164500),
]


def _local_bands(factor: float, step: int) -> list[tuple[Cell, ...]]:
    def local(amount: int) -> int:
        return round(amount * factor / step) * step

    return [(grade, title, local(low), local(mid), local(high)) for grade, title, low, mid, high in _GRADES]


def salary_bands() -> Book:
    """Pay bands for 2025 with allowances."""
    head = ("Grade", "Typical roles", "Minimum", "Midpoint", "Maximum")
    money = {2: "#,##0", 3: "#,##0", 4: "#,##0"}
    note = ("Strictly confidential. Yearly base salary, full time. Effective 1 January 2025. Owner: Joanna Pettifer.",)
    allowances: list[tuple[Cell, ...]] = [
        ("Late shift Brno", "12 % of base pay", "per hour worked", "G1 to G3"),
        ("On-call Beckline", "GBP 210", "per week", "G4 to G6"),
        ("On-call reflow oven", "CZK 1,800", "per night", "G2 to G3"),
        ("Fire warden", "GBP 180", "per year", "all"),
        ("First aider", "GBP 150", "per year", "all"),
        ("Language allowance Brno", "CZK 1,200", "per month", "G1 to G4"),
        ("Car allowance field service", "GBP 5,400", "per year", "G4 to G6"),
        ("Relocation, within Europe", "GBP 6,500", "once", "G5 and above"),
    ]
    bonus: list[tuple[Cell, ...]] = [
        ("G1 to G3", 0.03, "Group result", "December payroll"),
        ("G4 to G5", 0.06, "Group result 70 %, team goals 30 %", "March payroll"),
        ("G6", 0.10, "Group result 60 %, own goals 40 %", "March payroll"),
        ("G7", 0.15, "Group result 60 %, own goals 40 %", "March payroll"),
        ("G8", 0.22, "Group result 70 %, own goals 30 %", "April payroll"),
        ("G9", 0.40, "Set by the board", "June payroll"),
    ]
    return Book(
        "hr/compensation/salary-bands-2025.xlsx",
        "Salary bands 2025",
        "Joanna Pettifer",
        datetime(2024, 12, 16, 9, 0),
        [
            Sheet("UK GBP", head, [(g, t, a, b, c) for g, t, a, b, c in _GRADES], note, money),
            Sheet("Brno CZK", head, _local_bands(17.4, 1000), note, money),
            Sheet("Eindhoven EUR", head, _local_bands(1.31, 100), note, money),
            Sheet("Allowances", ("Allowance", "Amount", "Unit", "Grades"), allowances, note),
            Sheet("Bonus", ("Grades", "Target bonus", "Depends on", "Paid with"), bonus, note, {1: "0 %"}),
        ],
    )


def price_list_2025() -> Book:
    """List prices, services and subscriptions for 2025."""
    instruments: list[tuple[Cell, ...]] = [
        ("TPX-210", "Pressure transmitter, up to 250 bar", 254, 236, 219, 8),
        ("TPX-220", "Pressure transmitter, up to 600 bar", 489, 460, 430, 12),
        ("TFL-400", "Flow meter, standard transducers", 2790, 2650, 2515, 20),
        ("TFL-400-HT", "Flow meter, high temperature", 3360, 3190, 3030, 25),
        ("330-1200", "Marl 30 pH probe", 99, 92, 85, 3),
        ("335-2250", "Marl 35 pH probe", 196, 184, 172, 5),
        ("AQ-50", "Aquilo 50 moisture analyser", 3450, 3280, None, 15),
        ("CV-7", "Corvid 7 gateway, one SIM", 920, 874, 818, 10),
        ("CV-7D", "Corvid 7 gateway, two SIM", 989, 938, 880, 10),
    ]
    services: list[tuple[Cell, ...]] = [
        ("SV-101", "Calibration TPX, five points", 46, "per piece"),
        ("SV-102", "Calibration TPX, ten points", 64, "per piece"),
        ("SV-104", "Calibration TFL-400 on the flow bench", 335, "per piece"),
        ("SV-110", "Service engineer", 104, "per hour"),
        ("SV-111", "Travel time", 70, "per hour"),
        ("SV-115", "Commissioning of a gateway, remote", 120, "per gateway"),
        ("SV-120", "Service contract Silver", 79, "per instrument and year"),
        ("SV-121", "Service contract Gold", 136, "per instrument and year"),
    ]
    tiers: list[tuple[Cell, ...]] = [
        ("Basic", 120, 11, "12 months"),
        ("Plus", 245, 22.5, "12 months"),
        ("Premier", 590, 54, "24 months"),
        ("Partner", 75, 7, "12 months"),
    ]
    terms: list[tuple[Cell, ...]] = [
        ("Minimum order value", "GBP 200; below it a surcharge of GBP 25"),
        ("Payment", "30 days net"),
        ("Express production in three working days", "25 % surcharge"),
        ("Cancellation of standard products", "free until two working days after the order, then 15 %"),
        ("Special ranges", "not cancellable"),
        ("Price changes", "six weeks' notice"),
    ]
    note = ("Price list 2025, valid from 1 January 2025. GBP without tax, delivery from Brno. Replaces list 2024.",)
    pounds = "#,##0.00"
    return Book(
        "sales/price-list-2025.xlsx",
        "Price list 2025",
        "Dominic Farrow",
        datetime(2024, 12, 9, 9, 0),
        [
            Sheet(
                "Instruments",
                (
                    "Article",
                    "Description",
                    "List price GBP",
                    "From 10 pieces",
                    "From 50 pieces",
                    "Delivery working days",
                ),
                instruments,
                note,
                {2: pounds, 3: pounds, 4: pounds},
            ),
            Sheet("Services", ("Article", "Service", "Price GBP", "Unit"), services, note, {2: pounds}),
            Sheet("Beckline", ("Tier", "Per site and year GBP", "Per site and month GBP", "Minimum term"), tiers, note),
            Sheet("Terms", ("Subject", "Rule"), terms, note),
        ],
    )


def budget_2025() -> Book:
    """Cost budget by department and planned investments."""
    costs: list[tuple[Cell, ...]] = [
        (7110, "Executive office", "Ingrid Sallow", 640, 310, 45, 995),
        (7210, "People", "Joanna Pettifer", 720, 415, 38, 1173),
        (7310, "Finance", "Tobias Renwick", 1080, 260, 22, 1362),
        (7410, "IT and Security", "Callum Oyelaran", 890, 1240, 31, 2161),
        (7510, "Legal and Compliance", "Beatrix Lorne", 410, 380, 16, 806),
        (8110, "Firmware", "Henrik Aldous", 980, 140, 26, 1146),
        (8120, "Beckline platform", "Priya Ramanuj", 1430, 690, 34, 2154),
        (8130, "Sensor physics", "Wen Calloway", 640, 205, 41, 886),
        (8140, "Mechanical design", "Amara Feldt", 520, 90, 12, 622),
        (8150, "Test laboratory", "Oskar Lindqvist", 395, 330, 9, 734),
        (8210, "Product management", "Gwen Astley", 380, 120, 48, 548),
        (9110, "Sales Europe", "Siobhan Greaves", 1890, 520, 310, 2720),
        (9120, "Sales North America", "Curtis Bellamy", 1240, 410, 265, 1915),
        (9130, "Sales Asia Pacific", "Mei Lin Toh", 760, 215, 190, 1165),
        (9210, "Customer support", "Rosalind Achebe", 1310, 240, 87, 1637),
        (9310, "Production Brno", "Lukas Kovarik", 4980, 2150, 64, 7194),
        (9320, "Quality", "Milan Dvorsky", 870, 185, 58, 1113),
        (9410, "Calibration and repair Eindhoven", "Marijke van Doorn", 2140, 560, 72, 2772),
    ]
    invest: list[tuple[Cell, ...]] = [
        ("INV-25-01", "Laser welding station 2", "Brno", 540, "Q1", "approved"),
        ("INV-25-02", "Flow bench DN 400", "Eindhoven", 860, "Q1 to Q3", "approved"),
        ("INV-25-03", "Roof insulation hall B", "Sheffield", 310, "Q3", "approved"),
        ("INV-25-04", "Solar panels hall 3", "Brno", 475, "Q2 to Q4", "approved"),
        ("INV-25-05", "ERP release change", "Group", 620, "Q2 to Q4", "approved"),
        ("INV-25-06", "Test cell 1,000 bar", "Sheffield", 395, "Q4", "on hold"),
        ("INV-25-07", "Tooling TFL-450", "Brno", 430, "Q2", "approved"),
        ("INV-25-08", "Reception and badge system", "Sheffield", 88, "Q3", "on hold"),
        ("INV-25-09", "Machines below GBP 50 thousand", "Group", 182, "all year", "approved"),
    ]
    rates: list[tuple[Cell, ...]] = [
        ("EUR", 1.17, date(2024, 11, 15)),
        ("CZK", 29.6, date(2024, 11, 15)),
        ("USD", 1.28, date(2024, 11, 15)),
        ("SGD", 1.71, date(2024, 11, 15)),
    ]
    note = ("Budget 2025, approved by the board on 28 November 2024. Amounts in GBP thousand.",)
    return Book(
        "finance/budget-2025.xlsx",
        "Budget 2025",
        "Tobias Renwick",
        datetime(2024, 12, 2, 9, 0),
        [
            Sheet(
                "Departments",
                ("Cost centre", "Department", "Owner", "Personnel", "Other costs", "Travel", "Total"),
                costs,
                note,
                dict.fromkeys((3, 4, 5, 6), "#,##0"),
            ),
            Sheet("Investments", ("Number", "Project", "Site", "Amount", "When", "Status"), invest, note),
            Sheet(
                "Exchange rates",
                ("Currency", "Units per GBP", "Fixed on"),
                rates,
                ("Rates for planning. Not to be used for claims.",),
                {2: "yyyy-mm-dd"},
            ),
        ],
    )


def spare_parts() -> Book:
    """Spare parts of all families, more than two hundred rows."""
    return Book(
        "products/spare-parts-2025.xlsx",
        "Spare parts list 2025",
        "Technical Documentation",
        datetime(2025, 1, 27, 9, 0),
        [
            Sheet(
                "Parts",
                (
                    "Part number",
                    "Description",
                    "Family",
                    "Price GBP",
                    "Stock Brno",
                    "Stock Eindhoven",
                    "Lead time working days",
                    "Weight g",
                ),
                part_rows(),
                formats={3: "#,##0.00"},
            ),
            Sheet(
                "Obsolete",
                ("Old part number", "Description", "Last sold", "Replaced by", "Remark"),
                obsolete_rows(),
                formats={2: "yyyy-mm-dd"},
            ),
            Sheet("Compatibility", ("Part number", "Fits serial numbers from", "to", "Note"), compatibility_rows()),
        ],
    )


def books() -> list[Book]:
    """All workbooks of the corpus."""
    return [salary_bands(), price_list_2025(), budget_2025(), spare_parts()]
