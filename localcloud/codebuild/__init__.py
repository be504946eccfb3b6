"""CodeBuild of the local cloud: its API, and builds that are really run.

How to find one's way::

    api          the operations, and what the service refuses
    projects     projects: what is valid, what is filled in, what a build takes from one
    builds       one build as the API shows it: status, phases, logs
    queue        concurrency limits, the queue, and the threads that run builds
    runner       one build from PROVISIONING to COMPLETED
    container    the phases of its buildspec, followed while they run
    source       the source object, unpacked safely
    buildspec    buildspec files of version 0.2
    variables    the environment variables of a build
    agent        inside the build: runs the commands, reports phases (its own process)
    image        what CodeBuild's image has, and nothing else
    kept_bytecode   loaded by its Python: modules are compiled once for all builds
    docker       the image's `docker` command (its own process)
    docker_hub   what builds may pull from Docker Hub without a login
    log_stream   output of a build into CloudWatch Logs while it runs
    role         what the service role may do
    faults       what tests order to go wrong
    control      the same, from another process

Only what the project uses is there: sources are S3 objects or none, artifacts and reports are not made.
"""
