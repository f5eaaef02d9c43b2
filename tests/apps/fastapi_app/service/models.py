from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field


class Item(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=40)]
    price: Annotated[Decimal, Field(gt=0)]
    added: datetime | None = None
