from django.contrib import admin
from django.urls import path

from guestbook import views

urlpatterns = [
    path("", views.index),
    path("entries", views.add),
    path("health", views.health),
    path("admin/", admin.site.urls),
]
