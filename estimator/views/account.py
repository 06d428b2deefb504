"""The account: its tokens, what it takes over and deletes; signing in by the launcher's link."""

import sys
import uuid
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from allauth.account import views as allauth_views
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from estimator import access, services
from estimator.forms.account import TokenForm, asked_scopes
from estimator.models import ApiToken, Estimate
from estimator.services.accounts import offers_owner_link, redeem_owner_link
from estimator.services.tokens import NewToken, TooManyTokens, create_token, new_token_of, revoke_token
from estimator.views.asked import asking_account, browser_estimates, estimate_for, signed_in
from estimator.views.shown_once import forget, hand_over, handed_over

#: In a session: whoever was asked to sign in came to measure, and goes on there by the owner's link.
_WANTS_TO_MEASURE: Final = "wants_to_measure"

page_methods = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@signed_in
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """What the account has, and where it is changed."""
    tokens_count = sum(row.works_at(timezone.now()) for row in ApiToken.objects.owned_by(asking_account(request)))
    page = {"tokens_count": tokens_count, "has_password": asking_account(request).has_usable_password()}
    return render(request, "account/account.html", page)


# --- tokens -----------------------------------------------------------------------------------------------------------


@page_methods
@signed_in
@never_cache
def tokens(request: HttpRequest) -> HttpResponse:
    """Make tokens, see when they were used. The page after its form shows a new one, once."""
    owner = asking_account(request)
    form = TokenForm(request.POST or None, initial=asked_scopes(request.GET))
    if request.method == "POST" and form.is_valid():
        made = _created(form, owner=owner)
        if made is not None:
            return hand_over(redirect("tokens"), made.token, path=request.path)
    new = new_token_of(owner=owner, token=handed_over(request))
    now = timezone.now()
    rows = [(row, row.works_at(now)) for row in ApiToken.objects.owned_by(owner)[:200]]
    page = {"form": form, "new": new, "tokens": rows, "now": now}
    return forget(request, render(request, "account/tokens.html", page, status=422 if form.errors else 200))


def _created(form: TokenForm, *, owner: User) -> NewToken | None:
    told = form.cleaned_data
    try:
        return create_token(owner=owner, name=told["name"], scopes=told["scopes"], lifetime=told["lifetime"])
    except TooManyTokens:
        form.add_error(None, _("You have as many tokens as an account may have. Revoke one first."))
        return None


@require_POST
@signed_in
def token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """End a token."""
    if not access.own(ApiToken.objects.all(), person=request.user, pk=token_id):
        raise Http404
    if revoke_token(owner=asking_account(request), token_id=token_id):
        messages.success(request, _("The token is revoked: whoever uses it is refused from now on."))
    return redirect("tokens")


# --- estimates --------------------------------------------------------------------------------------------------------


@require_POST
@signed_in
def estimate_claim(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """Take one estimate, by its link, into the account."""
    user = asking_account(request)
    estimate_for(request, estimate_id)
    if services.claim_estimates(owner=user, estimate_ids=[estimate_id]):
        messages.success(request, _("This estimate is kept in your account now."))
    elif not access.own(Estimate.objects.all(), person=user, pk=estimate_id):
        raise Http404
    return redirect("estimate", estimate_id)


@require_POST
@signed_in
def estimates_claim(request: HttpRequest) -> HttpResponse:
    """Take all that this browser made without an account."""
    mine = list(browser_estimates(request).values_list("pk", flat=True))
    count = services.claim_estimates(owner=asking_account(request), estimate_ids=mine)
    if count:
        said = ngettext("%(count)s estimate is kept now.", "%(count)s estimates are kept now.", count)
        messages.success(request, said % {"count": count})
    return redirect("estimates")


@require_POST
@signed_in
def estimate_delete(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """Delete one of the account's estimates."""
    if not services.delete_estimate(owner=asking_account(request), estimate_id=estimate_id):
        raise Http404
    messages.success(request, _("The estimate and its reports are deleted."))
    return redirect("estimates")


# --- what needs mail --------------------------------------------------------------------------------------------------


@page_methods
def password_reset(request: HttpRequest) -> HttpResponseBase:
    """By mail; where there is none, a page says who can help."""
    if settings.MAIL_IS_SET:
        answer: HttpResponseBase = allauth_views.password_reset(request)
        return answer
    return render(request, "account/password_without_mail.html", _command_line())


def _command_line() -> dict[str, object]:
    """How a command of Django is called here."""
    in_venv = Path(sys.prefix) == settings.BASE_DIR / ".venv"
    return {
        "python": ".venv/bin/python" if in_venv else "python",
        "has_own_folder": (settings.BASE_DIR / "var").resolve() != settings.DATA_DIR,
    }


class SignIn(allauth_views.LoginView):  # type: ignore[misc]
    """The page of django-allauth, with a word on why an account is asked for, and on the link of the owner."""

    def get_context_data(self, **named: object) -> dict[str, object]:
        """What the template shows beside the form."""
        told: dict[str, object] = super().get_context_data(**named)
        next_page = str(told.get("redirect_field_value") or "")
        told["for_measuring"] = next_page.startswith((reverse("measurements"), reverse("workers")))
        if told["for_measuring"]:
            self.request.session[_WANTS_TO_MEASURE] = True
        told["has_own_folder"] = _command_line()["has_own_folder"]
        told["has_owner_link"] = _is_at_home(self.request) and offers_owner_link(folder=settings.DATA_DIR)
        return told


@page_methods
@signed_in
def email_address(request: HttpRequest) -> HttpResponseBase:
    """Changed by a mail to the new address; where there is none, only shown."""
    if settings.MAIL_IS_SET:
        answer: HttpResponseBase = allauth_views.email(request)
        return answer
    return render(request, "account/email_without_mail.html")


# --- this machine's owner ---------------------------------------------------------------------------------------------


@require_GET
@never_cache
def owner_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign this machine's owner in by the link that the launcher printed: once, soon, and from this machine."""
    user = None
    if _is_this_machine(request):
        user = redeem_owner_link(folder=settings.DATA_DIR, token=token, now=timezone.now())
    if user is None:
        return render(request, "account/owner_link_used.html", status=404)
    wants_to_measure = request.session.get(_WANTS_TO_MEASURE, False)
    login(request, user)
    return redirect("measurements" if wants_to_measure else "estimates")


def _is_at_home(request: HttpRequest) -> bool:
    """Whether this machine asks by a name that is its own alone; a proxy before us would bring another one."""
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    return _is_this_machine(request) and host in {"localhost", "127.0.0.1", "::1"}


def _is_this_machine(request: HttpRequest) -> bool:
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
