"""E-mail messages of the corpus."""

from __future__ import annotations

from scripts.make_samples.write_mail import Attachment, Mail

_SCHEDULE = """part,call_off,quantity,promised,new_date,transport
VC-2244,CO-25-031,400,2025-03-10,2025-03-27,road
VC-2244,CO-25-038,400,2025-03-24,2025-04-11,road
VC-2244,CO-25-044,300,2025-04-07,2025-04-18,air
VC-2201,CO-25-040,1500,2025-03-21,2025-03-21,road
VC-2215,CO-25-041,200,2025-03-28,2025-03-28,road
"""


def mails(order_confirmation: bytes) -> list[Mail]:
    """All messages; ``order_confirmation`` is the PDF that the order desk attached."""
    return [
        Mail(
            "support/tickets/TK-48213-flow-jumps.eml",
            "Dwayne Hollis <dwayne.hollis@tarnholt.example>",
            "Renata Ibsen <r.ibsen@capefearutilities.example>",
            "Re: [TK-48213] Flow jumps between 0 and 300 m3/h",
            "Fri, 21 Feb 2025 09:14:00 -0500",
            "20250221.48213.4",
            """Hello Renata,

good news, thank you for the photographs. I am closing the ticket. The signal strength of 78 is where we want it, and
the night flow of 41 m3/h matches your tank level. The straps from the box are fine for DN 300; you do not need the
longer ones.

Please renew the coupling paste in three years. If the reading starts to jump again, look at Service > Signal first.

Regards
Dwayne

On Thu, Feb 20, 2025 at 4:52 PM Renata Ibsen wrote:
> Dwayne, our fitter moved both transducers to three o'clock today and used the distance the display gave, 214.5 mm.
> Signal is 78 now, it was 39 before. Night flow reads 41. Photos attached to the portal.
>
> On Fri, Feb 14, 2025 at 10:20 AM Dwayne Hollis wrote:
>> Renata, on your picture the transducers sit on top of the pipe. At night, when the flow is small, air collects
>> exactly there and the sound does not get through. Please move them to the side, between two and four o'clock, and
>> send me the signal strength. Do not touch the zero, because you cannot stop the flow there.
>>
>> On Thu, Feb 13, 2025 at 3:05 PM Renata Ibsen wrote:
>>> We installed a TFL-400 (serial 4-27715) on the DN 300 ductile iron main at Leland booster last week. In the day it
>>> looks right, but after midnight it jumps between 0 and 300 m3/h. Is it broken? We have a rate hearing on
>>> March 6 and need a clean month of data.
""",
            reply_to="20250220.48213.3",
            references="20250213.48213.1 20250214.48213.2 20250220.48213.3",
        ),
        Mail(
            "quality/2025-03-20-sensor-bodies-late.eml",
            "Radka Simkova <radka.simkova@tarnholt.example>",
            "Lukas Kovarik <lukas.kovarik@tarnholt.example>, Gwen Astley <gwen.astley@tarnholt.example>",
            "Re: Sensor bodies VC-2244 late, and the price from April",
            "Thu, 20 Mar 2025 16:41:00 +0100",
            "20250320.vc2244.3",
            """Lukas, Gwen,

I have just spoken with Ondrej Malina. The new dates are in the attached file. In short: two lots come 13 and 14
working days late by road, and the third one by air. Vantry pays for the air freight.

1. The liquidated damages reach 6.5 percent for the first lot and 7 percent for the second. I will deduct them.
2. From 1 April the price of VC-2244 rises from EUR 38.60 to EUR 40.30 under the index clause. I have checked the
   calculation, it is right.
3. The cause was a cracked ladle lining in furnace 2. It is repaired since 14 March.

Production of the TPX-220 above 400 bar has to wait until 31 March. Please tell Hallenbach that 18 of their 40 pieces
will come in April.

Regards
Radka

> On 19 March 2025 at 11:02 Gwen Astley wrote:
> Radka, when do we get the bodies? Hallenbach has called twice. Can we use the 316L bodies for the small ranges?
> Milan, would Quality agree?
>
>> On 19 March 2025 at 13:30 Milan Dvorsky wrote:
>> No. The ATEX certificate names Hastelloy. We would have to certify again, and that takes five months.
""",
            cc="Milan Dvorsky <milan.dvorsky@tarnholt.example>, Henning Falk <henning.falk@tarnholt.example>",
            reply_to="20250319.vc2244.2",
            references="20250319.vc2244.1 20250319.vc2244.2",
            attachments=(Attachment("vc-2244-new-dates.csv", "text", "csv", _SCHEDULE.encode()),),
        ),
        Mail(
            "sales/2024-12-20-pellworth-order-confirmation.eml",
            "Siobhan Greaves <siobhan.greaves@tarnholt.example>",
            "Martin Keel <martin.keel@pellworthwater.example>",
            "Your order PW-77410: confirmation",
            "Fri, 20 Dec 2024 15:26:00 +0000",
            "20241220.pw77410.1",
            """Dear Martin,

thank you for the order. The confirmation is attached. Please note three things:

- The pilot starts on 13 January as planned. Our fitters will be at Thornmoor at 08:30 and need somebody with the keys.
- We need the SIM cards from your network by 8 January. If they are late, we can start with ours for two months free of
  charge.
- The training for your control room is included: two half days, for up to eight people, in the second week of March.

A quiet Christmas to you all.

Siobhan Greaves
Regional Sales Manager Europe
Tarnholt Instruments Ltd
""",
            attachments=(Attachment("OC-24-1187.pdf", "application", "pdf", order_confirmation),),
        ),
        Mail(
            "finance/2025-04-03-grenna-payment-plan.eml",
            "Tobias Renwick <tobias.renwick@tarnholt.example>",
            "Henning Falk <henning.falk@tarnholt.example>",
            "Grenna Pulp: payment plan signed",
            "Thu, 03 Apr 2025 11:08:00 +0100",
            "20250403.grenna.1",
            """Henning,

Grenna signed this morning. They pay GBP 410,000 in five instalments of GBP 82,000 on the last working day of each
month, beginning on 30 April. Interest is 6 percent on the rest.

Until the third instalment is in we deliver only against payment in advance. Spare parts up to GBP 2,000 a month are
excepted, because a standing mill cannot pay us. Beckline stays switched on.

If an instalment is more than ten days late, the whole amount becomes due and I will call in the credit insurer. Their
cover ends at GBP 300,000, so please keep close to Ulrika Sandmo.

Tobias
""",
            cc="Beatrix Lorne <beatrix.lorne@tarnholt.example>",
            html="""<html><body><p>Henning,</p>
<p>Grenna signed this morning. They pay GBP 410,000 in five instalments of GBP 82,000 on the last working day of each
month, beginning on 30 April. Interest is 6 percent on the rest.</p>
<p>Until the third instalment is in we deliver only against payment in advance. Spare parts up to GBP 2,000 a month are
excepted, because a standing mill cannot pay us. Beckline stays switched on.</p>
<p>If an instalment is more than ten days late, the whole amount becomes due and I will call in the credit insurer.
Their cover ends at GBP 300,000, so please keep close to Ulrika Sandmo.</p>
<p>Tobias</p></body></html>
""",
        ),
        Mail(
            "it/2025-03-07-warning-false-invoices.eml",
            "IT Security <security@tarnholt.example>",
            "All Sites <all@tarnholt.example>",
            "Warning: false invoices in the name of Vantry Castings",
            "Fri, 07 Mar 2025 08:05:00 +0000",
            "20250307.security.1",
            """Dear colleagues,

since yesterday afternoon messages have been arriving that look like invoices from our supplier Vantry Castings. They
ask for payment to a new account in Lithuania. They are false. The sender address ends in vantry-castlngs.example, with
a small L in place of the I.

So far 23 messages have reached us, 19 of them in Brno. Nobody has paid. Two colleagues opened the attachment; their
laptops were exchanged as a precaution.

What to do:
1. Do not open the attachment. It is called Faktura_0306.zip.
2. Press the button Report phishing in the mail program. Do not forward the message.
3. If you have opened it, pull the network cable and call 611 at once.

Many thanks to Radka Simkova, who noticed the address after six minutes and told us.

Callum Oyelaran
Head of IT and Security
""",
        ),
        Mail(
            "products/2025-04-10-tpx-210-recalibration-interval.eml",
            "Gwen Astley <gwen.astley@tarnholt.example>",
            "Sales <sales@tarnholt.example>, Support <support@tarnholt.example>",
            "TPX-210: new recommendation for recalibration from 1 May 2025",
            "Thu, 10 Apr 2025 10:30:00 +0100",
            "20250410.tpx210.1",
            """Dear all,

on the basis of Wen's analysis of 387 instruments the product council decided today:

From 1 May 2025 we recommend recalibrating the TPX-210 every 36 months if the range is above 2.5 bar. For ranges of
2.5 bar and below it stays at 24 months. Nothing changes for the TPX-220.

The data sheet (revision F) still says 24 months for all ranges. Revision G will be out by the end of June; until then
please use this message. Customers who are bound by their own quality manual may of course calibrate more often.

Eindhoven expects about 900 fewer calibrations a year. Marijke knows and has agreed.

Gwen
""",
            cc="Marijke van Doorn <marijke.vandoorn@tarnholt.example>, Wen Calloway <wen.calloway@tarnholt.example>",
        ),
    ]
