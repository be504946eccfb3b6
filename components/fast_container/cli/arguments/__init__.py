"""The arguments of the command line.

Decides names and defaults: ``all_verbs`` reads a command line with the ``parser``; ``base``, ``policy``, ``image``,
``coldstart``, ``check`` and ``lint`` have the long lists of six verbs, ``finding`` what the last two share, ``report``
is for history too, ``cost`` for costs, ``deployment`` for what deploys images that are built, ``cleanup`` for gc,
status and doctor. Leaves checking values to the verbs.
"""
