from django.urls import path

from catalog import views

urlpatterns = [path("", views.index), path("products.json", views.products)]
