"""Long work that somebody started, and how far it is."""

from chalicelib import runs
from chalicelib.web.answers import Answer
from chalicelib.web.rendering import page
from chalicelib.web.visit import Visit


def job(visit: Visit) -> Answer:
    """One job; the page looks again by itself until it is done."""
    work = visit.services.jobs.get(visit.the_shop.id, visit.parts["job"])
    bill = runs.bill(visit.services, work, visit.the_policy) if work.kind in runs.KINDS else None
    return page(visit, "job.html", job=work, bill=bill)
