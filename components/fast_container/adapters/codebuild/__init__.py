"""AWS CodeBuild: ``executor`` satisfies ``core.ports.Executor`` by a build that runs this same library there.

``s3_source`` uploads what is needed, ``own_zipapp`` packs the library, ``api`` makes the calls, ``watch`` and
``follow`` tell what a build says and how it ended.
"""
