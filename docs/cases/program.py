"""The good images of these cases in one Pulumi program: each is checked before its tag is put, and deployed by digest.

It shows what a program says so that what was won stays won; ``stacks/`` has programs that are deployed by tests.
"""

from fast_container import FastContainerImage, FastImageFleet, ImageChecks, ImageRepository

images = ImageRepository("images", name="cases/images")
TWELVE = {rule: "error" for rule in ("V02", "V03", "V04", "V05", "V06", "V08", "V09", "V12")}

geospatial = FastContainerImage(
    "geospatial",
    repository=images,
    context="geospatial",
    dockerfile="geospatial/after/Dockerfile",
    runs_on="lambda",
    checks=ImageChecks(max_size="250 MB", max_growth="10%"),
)
machine_learning = FastContainerImage(
    "machine-learning",
    repository=images,
    context="machine_learning",
    dockerfile="machine_learning/after/Dockerfile",
    runs_on="ecs",
    checks=ImageChecks(max_size="500 MB", rules={"V09": "error"}),
)
shop = FastImageFleet(
    "shop",
    {name: {"dockerfile": f"shop/after/{name}.Dockerfile"} for name in ("api", "worker")}
    | {"site": {"dockerfile": "shop/after/site.Dockerfile", "checks": ImageChecks(max_size="100 MB")}},
    repository=images,
    context="shop",
    runs_on="ecs",
    checks=ImageChecks(max_size="500 MB", rules={"V08": "error"}),
)
five_stages = FastContainerImage(
    "five-stages",
    repository=images,
    context="five_stages",
    dockerfile="five_stages/after/Dockerfile",
    runs_on="ecs",
    checks=ImageChecks(max_size="500 MB", rules=TWELVE),
)
