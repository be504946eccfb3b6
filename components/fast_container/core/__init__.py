"""Everything that is decided without asking anyone: pure, standard library only.

The modules of this folder are the spine, in the order in which an image passes them: ``declared`` (an image as a
program says it), ``recipe`` (the options of the build's steps), ``build_files`` (the Dockerfile and ignore files that
say more), ``select`` (what is read), ``entry`` and ``key`` (what that amounts to), ``decision`` (skip, reuse or build),
``job`` and ``ports`` (what a build takes, and what it asks of the outside), ``image_checks`` (what an image has to
satisfy), ``records`` (what happened), ``program_file`` (a whole program for the command line).

Each folder is one subject that the spine asks: ``dockerfile``, ``ignore``, ``context``, ``staging``, ``oci``,
``layers``, ``images``, ``remote``, ``caches``. Beside the spine: ``own_bases``, ``graph``, ``build_secrets``,
``registry_cache``, ``replaced_tag``, ``aws_access`` and ``cache_folder`` (values that several rooms hand on),
``spare_names`` and ``spelling`` (for typos), ``json_document``, ``go_path`` and ``linear_match`` (rules of others,
written once).

Leaves files' facts that earlier runs have seen, registries and BuildKit to ``adapters``, and asking for anything to
``build`` and ``state``.
"""
