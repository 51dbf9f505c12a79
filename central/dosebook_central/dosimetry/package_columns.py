"""The kinds of coefficient packages: the columns that each must have, and which hold numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

VERIFIED_WORDS: Final = frozenset({"primary", "secondary", "yes", "no"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What a package of one kind is made of.

    `key` identifies a row for a comparison of two versions; more columns than `columns` may be
    there. A cell of `numbers` is a decimal number; one of `required` is never empty.
    """

    title: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    numbers: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()


def _kind(title: str, columns: str, key: str, numbers: str = "", required: str = "") -> Kind:
    return Kind(
        title,
        tuple(columns.split(",")),
        tuple(key.split(",")),
        frozenset(filter(None, numbers.split(","))),
        frozenset(filter(None, (required or key.split(",", maxsplit=1)[0]).split(","))),
    )


def _effective_dose(title: str) -> Kind:
    key = (
        "method,modality,body_region,procedure_or_agent,view_or_phase,age_group,kv,phantom_cm,"
        "icrp_weighting"
    )
    return _kind(
        title,
        f"{key},age_years_ref,input_quantity,factor,factor_unit,set_id,preferred,verified,"
        "source,notes",
        key,
        numbers="age_years_ref,kv,phantom_cm,factor",
        required="method,modality,factor,factor_unit,input_quantity,set_id,verified",
    )


KINDS: Final[Mapping[str, Kind]] = {
    "effective-dose-ct": _effective_dose("CT: effective dose per dose-length product"),
    "effective-dose-dap": _effective_dose("Projection: effective dose per kerma-area product"),
    "effective-dose-agd": _effective_dose("Mammography: effective dose per glandular dose"),
    "effective-dose-nm": _effective_dose("Nuclear medicine: effective dose per activity"),
    "typical-dose": _kind(
        "Typical effective dose of an examination",
        "modality,procedure,body_region,typical_E_mSv,verified,source,notes",
        "modality,procedure,body_region",
        numbers="typical_E_mSv",
        required="modality,procedure,typical_E_mSv,verified",
    ),
    "size-specific": _kind(
        "CT: size-specific dose",
        "report,phantom_cm,body_part,formula,a,b,input,input_unit,valid_min_cm,valid_max_cm,"
        "verified,source,notes",
        "report,phantom_cm,body_part,input",
        numbers="phantom_cm,a,b,valid_min_cm,valid_max_cm",
        required="report,formula,input,verified",
    ),
    "organ-dose-ct": _kind(
        "CT: organ dose",
        "set_id,protocol,body_region,organ,sex,habitus,formula,alpha,beta,value,output,input,"
        "phantom_cm,verified,source,notes",
        "set_id,protocol,organ,sex,habitus,output",
        numbers="alpha,beta,value,phantom_cm",
        required="set_id,protocol,organ,formula,output,input,verified",
    ),
    "drl": _kind(
        "Diagnostic reference levels",
        "country,authority,year,modality,procedure,body_region,patient_group,quantity,value,unit,"
        "phantom,percentile,source,level_type,scope,status,verified,notes",
        "country,modality,procedure,body_region,patient_group,quantity,phantom,level_type,scope",
        numbers="value",
        required="country,modality,procedure,quantity,value,unit,level_type,scope,status,verified",
    ),
    "alert": _kind(
        "Thresholds for alert rules",
        "alert_id,domain,modality,body_region,patient_group,quantity,operator,value,unit,level,"
        "scope,suggested_action,verified,source,notes",
        "alert_id",
        required="alert_id,quantity,verified",
    ),
    "procedures": _kind(
        "Standard procedures",
        "procedure_id,modality,body_regions,name_en,dose_quantities",
        "procedure_id",
        required="procedure_id,modality,name_en",
    ),
    "procedure-codes": _kind(
        "Codes of standard procedures",
        "procedure_id,code_system,code,code_meaning,match,verified,source",
        "procedure_id,code_system,code",
        required="procedure_id,code_system,code,verified",
    ),
    "procedure-words": _kind(
        "What words of procedure names mean",
        "family,kind,meaning,words",
        "family,kind,meaning",
        required="kind,words",
    ),
    "procedure-drl": _kind(
        "Reference levels of standard procedures",
        "procedure_id,country,drl_package,drl_modality,drl_procedure,match",
        "procedure_id,country,drl_package,drl_modality,drl_procedure",
        required="procedure_id,country,drl_package,drl_procedure",
    ),
    "anatomy-regions": _kind(
        "Body regions", "region_id,kind,parts,label_en,label_fr,label_nl,label_de", "region_id"
    ),
    "anatomy-codes": _kind(
        "Regions of anatomic codes", "scheme,code,meaning,region_id", "scheme,code"
    ),
    "anatomy-body-parts": _kind(
        "Regions of body part terms", "body_part_examined,region_id", "body_part_examined"
    ),
    "anatomy-keywords": _kind(
        "Regions of words in descriptions",
        "priority,modality,regex,region_id,notes",
        "modality,regex",
        numbers="priority",
        required="priority,modality,regex,region_id",
    ),
    "tissue-weights": _kind(
        "Tissue weighting factors",
        "tissue,wT_ICRP103,wT_ICRP60,verified,notes",
        "tissue",
        numbers="wT_ICRP103,wT_ICRP60",
    ),
    "exclusions": _kind(
        "Exposures left out of sums or audits",
        "modality,word,effect,reason,verified,source,notes",
        "modality,word",
        required="modality,word,effect,reason,verified",
    ),
    "exemptions": _kind(
        "CT acquisitions left out of comparisons",
        "rule_id,place,comparison,acquisitions,words,procedures,body_region,reason,verified,source,"
        "notes",
        "rule_id",
        required="rule_id,comparison,reason,verified",
    ),
    "agents": _kind(
        "Radiopharmaceutical codes",
        "scheme,code,dicom_meaning,agent_in_effective_dose_factors,notes",
        "scheme,code",
        required="scheme,code",
    ),
}
