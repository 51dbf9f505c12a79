"""Labels of the drawn screens in seven languages."""

from typing import Final

LANGUAGES: Final = ("en", "fr", "de", "it", "es", "pl", "ja")

# One line a label: its name, then the words in the order of LANGUAGES.
_TABLE: Final = """
dose_report|Dose Report|Rapport de dose|Dosisbericht|Rapporto di dose|Informe de dosis|Raport dawki|線量レポート
patient_protocol|Patient Protocol|Protocole patient|Patientenprotokoll|Protocollo paziente|Protocolo del paciente|Protokół pacjenta|患者プロトコル
dose_summary|Dose Summary|Résumé de dose|Dosisübersicht|Riepilogo dose|Resumen de dosis|Podsumowanie dawki|線量サマリー
dose_information|Dose information|Informations de dose|Dosisinformation|Informazioni dose|Información de dosis|Informacja o dawce|線量情報
patient|Patient|Patient|Patient|Paziente|Paciente|Pacjent|患者
patient_id|Patient ID|ID patient|Patienten-ID|ID paziente|ID paciente|ID pacjenta|患者ID
accession|Accession|N° d'accès|Auftragsnr.|N. accesso|N.º acceso|Nr zlecenia|受付番号
date|Date|Date|Datum|Data|Fecha|Data|日付
series|Series|Série|Serie|Serie|Serie|Seria|シリーズ
type|Type|Type|Typ|Tipo|Tipo|Typ|種類
scan_range|Scan Range|Plage|Scanbereich|Intervallo|Rango|Zakres|範囲
phantom|Phantom|Fantôme|Phantom|Fantoccio|Maniquí|Fantom|ファントム
total_exam_dlp|Total Exam DLP|DLP total examen|Gesamt-DLP|DLP totale esame|DLP total examen|DLP całkowity|合計DLP
total_mas|Total mAs|mAs total|mAs gesamt|mAs totale|mAs total|mAs łącznie|合計mAs
total_dlp|Total DLP|DLP totale|DLP gesamt|DLP totale|DLP total|DLP łącznie|合計DLP
scan|Scan|Acquis.|Scan|Scans.|Adquis.|Skan|スキャン
head|Head|Tête|Kopf|Testa|Cabeza|Głowa|頭部
body|Body|Corps|Körper|Corpo|Cuerpo|Ciało|体幹部
total|Total|Total|Gesamt|Totale|Total|Suma|合計
plane|Plane|Plan|Ebene|Piano|Plano|Płaszczyzna|プレーン
fluoroscopy|Fluoro|Scopie|Durchl.|Scopia|Escopia|Skopia|透視
acquisition|Acquisition|Graphie|Aufnahme|Acquisizione|Adquisición|Akwizycja|撮影
time|Time|Temps|Zeit|Tempo|Tiempo|Czas|時間
exposures|Exposures|Expositions|Aufnahmen|Esposizioni|Exposiciones|Ekspozycje|撮影数
end_of_exam|Examination ended|Examen terminé|Untersuchung beendet|Esame terminato|Examen terminado|Badanie zakończone|検査終了
"""  # noqa: E501 - a table is read by its lines


def _read(table: str) -> dict[str, dict[str, str]]:
    words: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    for line in table.strip().splitlines():
        name, *translations = line.split("|")
        for language, word in zip(LANGUAGES, translations, strict=True):
            words[language][name] = word
    return words


WORDS: Final = _read(_TABLE)
"""Language → name of a label → its words."""
