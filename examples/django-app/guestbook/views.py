from django.db import DatabaseError, connection
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from guestbook.models import Entry


def index(request):
    # Before the first migration the page is there all the same, without entries.
    known = Entry._meta.db_table in connection.introspection.table_names()
    return render(
        request, "guestbook/index.html", {"entries": Entry.objects.all() if known else []}
    )


@require_POST
def add(request):
    Entry.objects.create(name=request.POST["name"], text=request.POST["text"])
    return redirect("/")


def health(request):
    """Healthy is who reaches the database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as err:
        return JsonResponse({"status": "unhealthy", "reason": type(err).__name__}, status=503)
    return JsonResponse({"status": "healthy"})
