"""Keeps measurements, and says how much energy was in them."""

from engine import sum_of_squares
from sqlalchemy import Column, Float, MetaData, Table, create_engine, select
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

DATABASE = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
METADATA = MetaData()
MEASURED = Table("measured", METADATA, Column("value", Float))
METADATA.create_all(DATABASE)


def energy(_: Request) -> JSONResponse:
    """Sum them up."""
    with DATABASE.connect() as connection:
        return JSONResponse(sum_of_squares(list(connection.scalars(select(MEASURED.c.value)))))


app = Starlette(routes=[Route("/energy", energy)])
