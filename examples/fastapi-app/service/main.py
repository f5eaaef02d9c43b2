"""A list of things to do, kept in memory."""

from itertools import count

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

app = FastAPI(title="To do")
numbers = count(1)
items: dict[int, "Item"] = {}


class Item(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    done: bool = False


@app.get("/")
async def index() -> dict[str, int]:
    return {"open": sum(not item.done for item in items.values()), "all": len(items)}


@app.post("/items", status_code=201)
async def add(item: Item) -> dict[str, int]:
    number = next(numbers)
    items[number] = item
    return {"number": number}


@app.get("/items/{number}")
async def show(number: int) -> Item:
    if number not in items:
        raise HTTPException(404, f"there is no item {number}")
    return items[number]
