"""Who may see an estimate, withdrawing it, and the gallery of those that are listed."""

import uuid
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from estimator import access
from estimator.forms.sharing import SharingForm
from estimator.models import WHO_MAY_SEE, Estimate, JobStatus, Sharing
from estimator.services import sharing
from estimator.services.cursor import cursor_of, place_of
from estimator.views.asked import asking_account, estimate_for, is_theirs, signed_in

ON_A_PAGE: Final = 24


def sharing_of(request: HttpRequest, row: Estimate) -> dict[str, Any]:
    """What the page of an estimate says about who may see it, and what is embedded elsewhere."""
    theirs = is_theirs(request, row)
    page: dict[str, Any] = {
        "is_theirs": theirs,
        "is_open": access.is_open(row),
        "is_listed": access.is_open(row) and row.sharing == Sharing.PUBLIC and row.status == JobStatus.DONE,
    }
    user = access.account_of(request) if theirs else None
    if user is not None and access.may_share_estimate(user, row):
        name = row.shown_as or sharing.last_shown_as(owner=user)
        page["sharing_form"] = SharingForm(initial={"sharing": row.sharing, "shown_as": name})
    if page["is_open"] and row.status == JobStatus.DONE:
        page["snippet"] = format_html(
            '<a href="{}"><img src="{}" alt="{}" height="20"></a>',
            request.build_absolute_uri(reverse("estimate", args=[row.pk])),
            request.build_absolute_uri(reverse("api:disclosure", args=[row.pk, "badge"])),
            _("Carbon footprint: %(title)s") % {"title": row.title or _("An estimate")},
        )
    return page


@require_POST
@signed_in
def estimate_share(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """Say who may see one of the account's estimates."""
    row = _own(request, estimate_id)
    form = SharingForm(request.POST)
    if not access.may_share_estimate(request.user, row):
        raise Http404
    if not form.is_valid():
        return render(request, "estimator/sharing.html", {"estimate": row, "sharing_form": form}, status=422)
    told = form.cleaned_data
    sharing.share_estimate(
        owner=asking_account(request),
        estimate_id=row.pk,
        sharing=Sharing(told["sharing"]),
        shown_as=told["shown_as"] if "shown_as" in request.POST else None,
    )
    said = {
        Sharing.PRIVATE: _("Only you can see this estimate now."),
        Sharing.LINK: _("Whoever has the link can see this estimate now."),
        Sharing.PUBLIC: _("This estimate is listed in the gallery now."),
    }
    messages.success(request, said[Sharing(told["sharing"])])
    return redirect("estimate", row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def estimate_withdraw(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """Ask once more, then show it no more."""
    row = _own(request, estimate_id)
    if request.method == "POST":
        if sharing.withdraw_estimate(estimate_id=row.pk, owner=row.owner, now=timezone.now()):
            messages.success(request, _("The estimate is withdrawn: whoever else opens its link is told so."))
        return redirect("estimate", row.pk)
    return render(request, "estimator/withdraw.html", {"estimate": row})


@require_POST
def estimate_show(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """Show it again."""
    row = _own(request, estimate_id)
    if sharing.show_estimate(estimate_id=row.pk, owner=row.owner):
        messages.success(request, _("The estimate is shown again."))
    return redirect("estimate", row.pk)


def _own(request: HttpRequest, estimate_id: uuid.UUID) -> Estimate:
    """The account's own, or nobody's that this browser made; to others it is as if it were not there."""
    rows = Estimate.objects.select_related("owner").only("id", "title", *WHO_MAY_SEE, "owner__id")
    row = estimate_for(request, estimate_id, rows)
    if not is_theirs(request, row):
        raise Http404
    return row


@require_safe
@never_cache
def gallery(request: HttpRequest) -> HttpResponse:
    """Estimates that their owners chose to list, newest first."""
    title = " ".join(request.GET.get("title", "")[: sharing.LONGEST_SEARCH].replace("\x00", " ").split())
    try:
        before = place_of(request.GET.get("cursor", ""))
    except ValueError:
        raise Http404 from None
    found = sharing.gallery_page(title=title, before=before, limit=ON_A_PAGE)
    page = {
        "shown": found.shown,
        "older": cursor_of(found.next_before),
        "is_first": before is None,
        "title": title,
        "longest": sharing.LONGEST_SEARCH,
    }
    return render(request, "estimator/gallery.html", page)
