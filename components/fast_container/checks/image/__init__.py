"""Rules about what is in an image: sizes, leftovers of its build, bytecode, secrets, what its place needs; pure.

Decides which rules there are and what each of them finds. In reading order: ``settings`` (what the rules are told),
``configured`` (that of a program's settings), ``rule`` (what a rule is given and gives), ``lookup`` (paths as the
programs of the image see them), ``base_findings`` (what comes from what the image starts from), ``catalogue`` (titles),
``check`` (all rules, the way in), then the rules by subject: ``budgets`` and ``unpacked_budget`` (V01), ``leftovers``
(V02, V03, V04, V09), ``efficiency`` (V05), ``bytecode`` (V06),
``function`` (V07), ``service`` (V08), ``foreign_programs`` (a part of both), ``secrets`` (V10), ``paths`` (V11, and the
room ``structure`` for structure tests), ``distributions`` (V12).

Leaves reading an image to ``build.image_contents``, the form of a finding to ``checks.finding``, and what Lambda
refuses by the manifest alone to ``checks.manifest_rules``.
"""
