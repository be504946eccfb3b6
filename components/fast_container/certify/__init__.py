"""``fast-container certify``: a tiny stack on a real AWS account, and a report of what answered what.

``story`` is what is done, step by step, and what each step has to show; ``stack`` runs the Pulumi CLI; ``account``
asks AWS what is really there; ``report`` writes what was found; ``program/`` is the Pulumi program that is deployed,
data for all the others. The command line (``cli.certify``) asks before anything is made.
"""
