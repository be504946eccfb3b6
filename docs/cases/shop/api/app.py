"""The shop's API: what there is, and what it costs."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

PRICES = {"lamp": 4200, "chair": 8900}


async def products(_: Request) -> JSONResponse:
    """What there is."""
    return JSONResponse(PRICES)


async def health(_: Request) -> JSONResponse:
    """Whether it is well."""
    return JSONResponse({"well": True})


app = Starlette(routes=[Route("/products", products), Route("/health", health)])
