"""Where states and the API find the services: Reflex builds states itself and cannot hand them over."""

from dataclasses import dataclass

from integration_admin.services.api_description import ApiDescriptions
from integration_admin.services.audit_log import AuditLog
from integration_admin.services.configuration import Configuration
from integration_admin.services.credential_rotation import CredentialRotation
from integration_admin.services.credentials import CredentialService
from integration_admin.services.decisions import Decisions
from integration_admin.services.dry_run import DryRuns
from integration_admin.services.excluded_data import ExcludedData
from integration_admin.services.factor_demands import FactorDemands
from integration_admin.services.failures import Failures
from integration_admin.services.health_monitor import HealthMonitor
from integration_admin.services.history import History
from integration_admin.services.identity_providers import IdentityProviders
from integration_admin.services.mapping_versions import MappingVersions
from integration_admin.services.mappings import Mappings
from integration_admin.services.members import Members
from integration_admin.services.metrics import InstallationMetrics
from integration_admin.services.notice_choices import NoticeChoices
from integration_admin.services.notices import Notices
from integration_admin.services.one_time_links import OneTimeLinks
from integration_admin.services.openid_sign_in import OpenIdSignIn
from integration_admin.services.organisations import Organisations
from integration_admin.services.own_password import OwnPassword
from integration_admin.services.passkeys import Passkeys
from integration_admin.services.preflight import Preflights
from integration_admin.services.preview import Previews
from integration_admin.services.reauthentication import Reauthentication
from integration_admin.services.reconciliation import Reconciliations
from integration_admin.services.record_files import RecordFiles
from integration_admin.services.record_search import RecordSearch
from integration_admin.services.record_story import RecordStories
from integration_admin.services.record_tracking import RecordTracking
from integration_admin.services.records import RecordIntake
from integration_admin.services.retention import Retention
from integration_admin.services.run_files import RunFiles
from integration_admin.services.run_records import RunRecords
from integration_admin.services.runs import Runs
from integration_admin.services.schedules import Schedules
from integration_admin.services.second_factors import SecondFactors
from integration_admin.services.second_step import SecondStep
from integration_admin.services.secret_expiry import SecretExpiry
from integration_admin.services.sessions import Sessions
from integration_admin.services.settings_files import SettingsFiles
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sync_runner import SyncRunner
from integration_admin.services.sync_scheduler import SyncScheduler
from integration_admin.services.tokens import ApiTokens
from integration_admin.services.type_registry import TypeRegistry
from integration_admin.services.value_map_csv import ValueMapFiles
from integration_admin.services.worker import Worker


@dataclass(frozen=True, slots=True)
class Factors:
    """What people prove themselves with besides the password."""

    own: SecondFactors
    step: SecondStep
    demands: FactorDemands
    passkeys: Passkeys
    provider: IdentityProviders
    openid: OpenIdSignIn


@dataclass(frozen=True, slots=True)
class People:
    """Who is let in, by which links, where they are signed in, and their own passwords."""

    members: Members
    links: OneTimeLinks
    sessions: Sessions
    own_password: OwnPassword


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the product can do."""

    organisations: Organisations
    sign_in: SignIn
    factors: Factors
    people: People
    audit_log: AuditLog
    reauthentication: Reauthentication
    tokens: ApiTokens
    types: TypeRegistry
    configuration: Configuration
    credentials: CredentialService
    rotation: CredentialRotation
    expiry: SecretExpiry
    descriptions: ApiDescriptions
    mappings: Mappings
    mapping_versions: MappingVersions
    value_maps: ValueMapFiles
    schedules: Schedules
    excluded_data: ExcludedData
    settings_files: SettingsFiles
    records: RecordIntake
    record_files: RecordFiles
    tracking: RecordTracking
    search: RecordSearch
    stories: RecordStories
    retention: Retention
    run_records: RunRecords
    run_files: RunFiles
    runs: Runs
    decisions: Decisions
    failures: Failures
    dry_runs: DryRuns
    preflights: Preflights
    reconciliations: Reconciliations
    previews: Previews
    history: History
    health: HealthMonitor
    notices: Notices
    notice_choices: NoticeChoices
    runner: SyncRunner
    scheduler: SyncScheduler
    metrics: InstallationMetrics
    worker: Worker


class _Holder:
    services: Services | None = None


def install(services: Services) -> None:
    """Make `services` the ones in use; tests install others."""
    _Holder.services = services


def current() -> Services:
    """Return the services in use; raises RuntimeError before bootstrap."""
    if _Holder.services is None:
        detail = "bootstrap() has not run."
        raise RuntimeError(detail)
    return _Holder.services
