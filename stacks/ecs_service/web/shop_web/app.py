"""The routes: ``/quote?weight_g=…`` for customers, ``/health`` for ECS."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

RELEASE = "web 1"
# Up to so many grams, in cents.
RATES = ((1_000, 499), (5_000, 749), (31_500, 1649))


def price_cents(weight_g: int) -> int | None:
    """What a parcel of that weight costs; None when it is no parcel, or too heavy for one."""
    return next((cents for limit_g, cents in RATES if 0 < weight_g <= limit_g), None)


async def quote(request: Request) -> JSONResponse:
    weight = request.query_params.get("weight_g", "")
    cents = price_cents(int(weight)) if weight.isdecimal() else None
    if cents is None:
        return JSONResponse({"error": f"weight_g must be a number from 1 to {RATES[-1][0]}"}, status_code=400)
    return JSONResponse({"release": RELEASE, "weight_g": int(weight), "price_cents": cents})


async def health(_request: Request) -> JSONResponse:
    return JSONResponse({"release": RELEASE})


app = Starlette(routes=[Route("/quote", quote), Route("/health", health)])
