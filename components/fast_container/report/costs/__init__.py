"""What builds cost and what was saved, from one's own records; nothing is claimed that they do not hold.

Decides prices and how they are overridden (``prices``), what is counted in a period (``usage``, with ``stored``
for bytes in repositories and ``machines`` for minutes on AWS), the figures with their formulas (``figure``,
``period_costs``), two periods beside one another (``changes``), two images (``image_costs``), and the forms
(``forms``). All of it is pure. Each figure says which mistake it does not make: unpacked sizes for compressed ones, a
shared layer or machine counted for each image that has it, builds that would not have run anyway, different numbers of
builds compared. Leaves reading records to ``adapters.records``, and images and options to ``cli``.
"""
