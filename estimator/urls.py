"""Addresses of the pages."""

from django.urls import path

from estimator.views import account, estimates, form, imports, plans, scenarios, sources

urlpatterns = [
    path("", form.home, name="home"),
    path("preview/", form.preview, name="preview"),
    path("suggest/<slug:kind>/", form.suggest, name="suggest"),
    path("estimates/", estimates.estimates, name="estimates"),
    path("estimates/claim/", account.estimates_claim, name="estimates-claim"),
    path("estimates/<uuid:estimate_id>/claim/", account.estimate_claim, name="estimate-claim"),
    path("estimates/<uuid:estimate_id>/delete/", account.estimate_delete, name="estimate-delete"),
    path("estimates/<uuid:estimate_id>/", estimates.estimate, name="estimate"),
    path("estimates/<uuid:estimate_id>/status/", estimates.estimate_status, name="estimate-status"),
    path("estimates/<uuid:estimate_id>/retry/", estimates.estimate_retry, name="estimate-retry"),
    path("estimates/<uuid:estimate_id>/plan/", plans.plan_new, name="plan-new"),
    path("plans/<uuid:plan_id>/", plans.plan, name="plan"),
    path("plans/<uuid:plan_id>/status/", plans.plan_status, name="plan-status"),
    path("plans/<uuid:plan_id>/retry/", plans.plan_retry, name="plan-retry"),
    path("estimates/<uuid:estimate_id>/scenarios/", scenarios.scenario_page, name="scenarios"),
    path("estimates/<uuid:estimate_id>/scenarios/preview/", scenarios.scenario_preview, name="scenario-preview"),
    path("estimates/<uuid:estimate_id>/scenarios/compare/", scenarios.scenario_compare, name="scenarios-compare"),
    path("scenarios/<uuid:scenario_id>/", scenarios.scenario_change, name="scenario-change"),
    path("imports/", imports.imports, name="imports"),
    path("imports/<uuid:import_id>/", imports.imported, name="import"),
    path("imports/<uuid:import_id>/keep/", imports.keep, name="import-keep"),
    path("imports/<uuid:import_id>/compare/", imports.compare, name="import-compare"),
    path("imports/<uuid:import_id>/estimate/", imports.use, name="import-use"),
    path("account/", account.account, name="account"),
    path("account/tokens/", account.tokens, name="tokens"),
    path("account/tokens/<int:token_id>/revoke/", account.token_revoke, name="token-revoke"),
    path("account/password/reset/", account.password_reset),
    path("account/email/", account.email_address),
    path("owner/<str:token>/", account.owner_link, name="owner-link"),
    path("sources/", sources.sources, name="sources"),
]
