"""The model of images and registries, in the words of the OCI specifications: the only place for each of its rules.

Decides how names, platforms, manifests and configurations are read and compared. In reading order: ``repository`` (the
host and name of a repository, Docker Hub's spellings), ``reference`` (with tag or digest), ``platform`` (its one normal
form), ``media_types``, ``manifest`` (image manifests and indexes), ``index`` (made of images), ``configuration``
(platform, environment and triggers of an image), ``ecr_host`` (which hosts are AWS's own), ``health_check`` (of an
image, in ECS's form), ``snapstart`` (what Lambda needs for it), ``image_base`` (which layers are those of what it
starts from), ``refused_mark`` (how a registry says that an image did not pass its checks), ``source_policy`` (which
image BuildKit takes where a Dockerfile names another), ``artifact`` (what is kept beside an image), ``scan`` (what a
registry's scan of an image found).

Leaves fetching any of it to ``adapters.registry``, what an image may be to ``checks``, and the key tag to ``core.key``.
"""
