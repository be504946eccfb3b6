"""``fast-container certify``: a tiny stack on a real AWS account, and a report of which call answered what.

Decides what a certification does and what each step of it has to show. In reading order: ``story`` (the steps),
``stack`` (runs the Pulumi CLI with a backend of its own), ``folder_lock`` (says whether its folder is in use),
``account`` (asks AWS what is really there), ``orphans`` (finds what a killed certification has left), ``report``
(writes what was found). ``program/`` is the Pulumi program that is deployed; to all the others it is data.

Leaves asking the user, and the options, to ``cli.verbs.certify``.
"""
