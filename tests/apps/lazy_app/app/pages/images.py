def convert():
    import io

    from PIL import Image

    first = Image.new("RGB", (8, 8), "red")
    sizes = {}
    for form in ("PNG", "JPEG", "GIF", "WEBP"):
        out = io.BytesIO()
        first.save(out, form)
        out.seek(0)
        with Image.open(out) as again:
            again.load()
            sizes[again.format] = list(again.size)
    return sizes


def draw():
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    picture = Image.new("L", (40, 20))
    ImageDraw.Draw(picture).text((1, 1), "hi", fill=255, font=ImageFont.load_default())
    return {"drawn": picture.filter(ImageFilter.BLUR).getbbox() is not None}
