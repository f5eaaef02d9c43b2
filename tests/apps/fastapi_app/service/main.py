from fastapi import FastAPI, Form, HTTPException, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

from service.models import Item

app = FastAPI(title="Items")
items: dict[int, Item] = {}


@app.get("/")
async def index() -> dict[str, int]:
    return {"items": len(items)}


@app.post("/items", status_code=201)
async def add(item: Item) -> dict[str, int]:
    items[len(items) + 1] = item
    return {"id": len(items)}


@app.get("/items/{number}")
async def show(number: int) -> Item:
    if number not in items:
        raise HTTPException(404, "no such item")
    return items[number]


@app.post("/login")
def login(user: str = Form()) -> dict[str, str]:
    return {"hello": user}


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def lines():
        for number in range(3):
            yield f"line {number}\n"

    return StreamingResponse(lines(), media_type="text/plain")


@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        return
    await socket.close()
