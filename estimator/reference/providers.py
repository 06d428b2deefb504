"""Cloud providers, by whatever they are called."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from estimator.reference.names import fold

PROVIDER_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud", "ovhcloud": "OVHcloud", "scaleway": "Scaleway"}
)
PROVIDER_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{provider: provider for provider in PROVIDER_NAMES},
        **dict.fromkeys(("amazon", "amazonwebservices", "amazonaws", "ec2", "sagemaker"), "aws"),
        **dict.fromkeys(("microsoft", "microsoftazure", "azureml", "msft"), "azure"),
        **dict.fromkeys(("google", "googlecloud", "googlecloudplatform", "gce", "vertexai"), "gcp"),
        "ovh": "ovhcloud",
    }
)
_MOST_PROVIDER_WORDS: Final = 3


def split_provider(text: str) -> tuple[str | None, str]:
    """Take the provider off "gcp europe-west1", "europe-west1 (Google Cloud)" and "aws:us-east-1"."""
    parts = [part for part in re.split(r"[\s/:,()]+", text) if part]
    for count in range(min(_MOST_PROVIDER_WORDS, len(parts)), 0, -1):
        for named, rest in ((parts[:count], parts[count:]), (parts[-count:], parts[:-count])):
            provider = PROVIDER_ALIASES.get(fold("".join(named)))
            if provider is not None:
                return provider, " ".join(rest)
    return None, text
