"""Records of builds on this machine.

Decides where they lie and how many are kept: ``local_records``. Leaves what a record holds to ``core.records``, and how
records read to ``report``.
"""
