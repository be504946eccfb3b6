"""What is decided without asking anyone: pure, standard library only.

The files of this folder are the spine, in the order in which an image passes them: ``declared`` (what a program says),
``recipe`` (the options of the build's steps), ``build_files`` (which files say more), ``select`` (what is read),
``entry`` and ``key`` (what that amounts to), ``decision`` (skip, reuse or build), ``job`` and ``ports`` (what a build
takes, and what it asks of the outside),
``record`` (what happened), ``program_file`` (a whole program for the command line). Each folder is one subject that the
spine asks.
"""
