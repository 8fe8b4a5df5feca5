"""The console has its own pages of the trail; django-auditlog's list of its entries is not one."""

from __future__ import annotations

from django.contrib import admin

from audit.models import RowChange

if admin.site.is_registered(RowChange):  # by auditlog.admin, which comes first
    admin.site.unregister(RowChange)
