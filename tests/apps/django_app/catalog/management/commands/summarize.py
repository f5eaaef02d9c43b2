from django.core.management.base import BaseCommand
from django.db.models import Sum

from catalog.models import Product


class Command(BaseCommand):
    help = "Print what all products cost together."

    def handle(self, *args, **options):
        total = Product.objects.aggregate(total=Sum("price"))["total"]
        self.stdout.write(f"total {total}")
