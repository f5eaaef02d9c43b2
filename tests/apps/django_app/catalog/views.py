from django.core import serializers
from django.http import HttpResponse
from django.shortcuts import render

from catalog.models import Product


def index(request):
    return render(request, "catalog/index.html", {"count": Product.objects.count()})


def products(request):
    # The serializer's module is named by a string in Django and imported here.
    data = serializers.serialize("json", Product.objects.order_by("id"))
    return HttpResponse(data, content_type="application/json")
