"""AWS CodeBuild: builds that run this same library on a machine of AWS.

Decides what is uploaded and when, which build is joined instead of started, which images share a machine, and which
failed build is worth another one. ``executor`` is the way in: it satisfies ``core.ports.Executor``. In reading order:
``s3_source`` puts the chunks that the bucket lacks and a bundle for each build, ``own_zipapp`` packs the library
itself, ``api`` makes the calls, ``request`` is what a build is given, ``starts`` starts it or joins one, ``gathering``
has images wait for a place and lets several begin together, ``watch`` polls all builds of a project at once, as often
as ``pauses`` says, ``follow`` reads what one says, ``shared_log`` what one of several images says of each,
``image_end`` waits for the end of an image, ``attempts`` tells a build's own failure from trouble of the machine.

Leaves what runs there to ``remote``, the plan that travels with the sources to ``core.remote``, and the projects, their
bucket and their role to the component in ``codebuild``.
"""
