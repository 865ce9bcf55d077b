"""Statuses as people read them: an icon and a word, never a colour alone."""

from collections.abc import Mapping

import reflex as rx

from integration_admin.components.content import Color
from integration_admin.components.icons import icon
from integration_admin.components.texts import Text, t
from integration_admin.core.statuses import DeliveryState, IntegrationState, RunState


def tag(word: Text, color: Color = "neutral", icon_name: str = "info") -> rx.Component:
    """Draw one status."""
    return rx.el.span(icon(icon_name), word, class_name="ds-tag app-tag", custom_attrs={"data-color": color})


def integration_tag(state: rx.Var[str]) -> rx.Component:
    """Draw where an integration is in its life."""
    words = {
        IntegrationState.DRAFT: tag(t("Draft"), "neutral", "info"),
        IntegrationState.ACTIVE: tag(t("Active"), "success", "success"),
        IntegrationState.PAUSED: tag(t("Paused"), "neutral", "pause"),
        IntegrationState.STOPPED: tag(t("Stopped"), "danger", "stop"),
    }
    return _one_of(state, words)


def delivery_tag(state: rx.Var[str]) -> rx.Component:
    """Draw where a record is on its way to the accounting system."""
    words = {
        DeliveryState.READY: tag(t("Ready to send"), "info", "waiting"),
        DeliveryState.SENDING: tag(t("Being sent"), "info", "running"),
        DeliveryState.DELIVERED: tag(t("Delivered"), "success", "success"),
        DeliveryState.REJECTED: tag(t("Rejected"), "danger", "danger"),
        DeliveryState.RETRY_WAIT: tag(t("Will be tried again"), "warning", "waiting"),
        DeliveryState.UNKNOWN: tag(t("Being checked"), "warning", "question"),
        DeliveryState.NEEDS_PERSON: tag(t("You must decide"), "danger", "person"),
        DeliveryState.DISMISSED: tag(t("Dismissed"), "neutral", "stop"),
    }
    return _one_of(state, words)


def run_tag(state: rx.Var[str]) -> rx.Component:
    """Draw where a run is."""
    words = {
        RunState.QUEUED: tag(t("Waiting to start"), "info", "waiting"),
        RunState.RUNNING: tag(t("Under way"), "info", "running"),
        RunState.SUCCEEDED: tag(t("Succeeded"), "success", "success"),
        RunState.PARTLY_FAILED: tag(t("Partly failed"), "warning", "warning"),
        RunState.FAILED: tag(t("Failed"), "danger", "danger"),
        RunState.CANCELLED: tag(t("Cancelled"), "neutral", "stop"),
    }
    return _one_of(state, words)


def _one_of(state: rx.Var[str], words: Mapping[str, rx.Component]) -> rx.Component:
    """Choose by the state's value; one that has no word is shown as it is."""
    return rx.match(state, *((str(value), drawn) for value, drawn in words.items()), tag(state))
