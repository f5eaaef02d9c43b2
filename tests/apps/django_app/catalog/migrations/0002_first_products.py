from django.db import migrations


def add(apps, schema_editor):
    product = apps.get_model("catalog", "Product")
    product.objects.create(name="Lamp", price="1234.50")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
