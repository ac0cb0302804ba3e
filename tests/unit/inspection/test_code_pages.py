"""Which code page a text of one byte a letter is in, and when that is a guess."""

import pytest

from tasks.ingest.inspection import draft_pipeline, inspect_file
from tasks.ingest.inspection.texts import decode

CZECH = "Jiří Dvořák, Tomáš Černý, Lukáš Procházka, Anna Novák, Eva Veselý, Petr Němec"
PEOPLE = {
    "Czech": (CZECH, "cp1250"),
    "Czech and Polish": ("Jiří Dvořák, Michał Nowak, Anna Novák, Ewa Zając", "cp1250"),
    "Czech by č before consonants": ("Adéla Vlčková, Eva Vaňková, Jan Pečnik", "cp1250"),
    "Czech with few of its own letters": ("Petr Němec, Anna Novák, Eva Malá, Jan Veselý", "cp1250"),
    "Czech in a German list": ("Jörg Müller, Anna Groß, Jürgen Schäfer, Jan Horáček", "cp1250"),
    "Polish": ("Jan Kamiński, Anna Leśniak, Ewa Woźniak", "cp1250"),
    "Polish with ę only": ("Jan Więcek, Jędrzej Mazur, Anna Dębska", "cp1250"),
    "Croatian": ("Ivan Petrović, Ana Kovač, Luka Knežević", "cp1250"),
    "Serbian": ("Đorđe Jovan, Ana Đurić", "cp1250"),
    "Slovak": ("Ján Maďar, Eva Vaňová, Peter Ďurica", "cp1250"),
    "Hungarian": ("Gergő Erdős, Éva Szűcs, Ágnes Tóth", "cp1250"),
    "Romanian": ("Ana Păun, Ion Mărginean, Ştefan Popa", "cp1250"),
    "Turkish": ("Ayşe Yıldız, Uğur Erdoğan, İbrahim Şahin, Özgür Koç", "cp1254"),
    "Latvian": ("Jānis Bērziņš, Kristīne Kalniņa, Līga Ozoliņa", "cp1257"),
    "Lithuanian": ("Rūta Petraitytė, Agnė Žukauskienė", "cp1257"),
    "Czech in ISO 8859-2": ("Šimon Žák, Tomáš Novák", "iso8859-2"),
    "Russian": ("Иван, Анна", "cp1251"),
    "German by an old Mac": ("André Müller, Renée Björk, José Alvarez", "mac_roman"),
}
WESTERN = {
    "German": "Jörg Müller, Anna Groß, Jürgen Schäfer, Özgür Koç, Gökçe Öz",
    "Danish": "Søren Kjær, Jørgen Møller, Åse Østergård, Bjørn Ågaard, Mette Præstgaard, Aage Bækgård, Ægir Næss",
    "Norwegian": "Øystein Røed, Bjørn Bø, Håkon Gjøvik, Pål Sæther, Åse Bøe",
    "Swedish": "Åsa Öberg, Håkan Sjöström, Mårten Ågren, René Hägg",
    "French": "Hélène Lefèvre, François Benoît, Zoë Brûlé, Loïc Têtu, Noël Garçon, Agnès Forêt, Anaïs Lebœuf, Ève Roy",
    "French in capitals": "HÉLÈNE LEFÈVRE, FRANÇOIS BENOÎT, GAËLLE BRÛLÉ",
    "Spanish": "José Núñez, Iñaki Muñoz, Begoña Peña, María Güell",
    "Portuguese": "João Simões, Inês Gonçalves, Conceição Magalhães, Ângela Câmara, Tomé Assunção, Cauã Lima",
    "Italian": "Niccolò Forlì, Nicolò Cantù, Gesù Libertà, Mosè Segrè",
    "Catalan": "Mònica Vilà, Núria Garçà, Gal·la Tomàs, Antònia Sebastià",
    "Icelandic": "Guðrún Jónsdóttir, Þór Sigurðsson, Davíð Bjarnason, Ýmir Ævarsson, Hróðólfur Snæþórsson",
    "signs": "O’Brien – Sales “North” « Sud » n° 5 Nº 4 Mª José ¿Activo? £500 m² 20 € Gal·la “a”",
}  # fmt: skip


def listed(people: str, codec: str) -> bytes:
    """Return a list with each of these people in a row of its own."""
    names = (name.strip().rpartition(" ") for name in people.split(","))
    rows = "".join(f"A{number}k,pk@acme.example,{first},{last}\n" for number, (first, _, last) in enumerate(names, 100))
    return f"Staff ID,Email,First name,Last name\n{rows}".encode(codec)


@pytest.mark.parametrize("language", PEOPLE)
def test_letters_that_are_others_in_another_code_page_are_doubted(language):
    assert decode(listed(*PEOPLE[language])).doubtful


@pytest.mark.parametrize("language", WESTERN)
def test_western_european_names_are_told_for_certain(language):
    found = decode(listed(WESTERN[language], "cp1252"))
    assert (found.encoding, found.doubtful) == ("cp1252", False)


def test_a_doubted_text_is_read_as_what_its_letters_make_most_sense_in():
    found = decode(listed(CZECH, "cp1250"))
    assert (found.encoding, "most like cp1250" in found.evidence) == ("cp1250", True)
    assert "Dvořák" in found.text


def test_a_few_foreign_names_in_a_western_list_leave_it_western_and_doubted():
    found = decode(listed("Søren Kjær, Jørgen Høier, Bjørn Ågård", "cp1252"))
    assert (found.encoding, found.doubtful) == ("cp1252", True)
    assert "could be another's" in found.evidence


def test_a_rare_name_in_a_long_western_list_is_no_doubt():
    people = ", ".join([f"Jørgen {first}ø{last}l" for first in "BDFGHK" for last in "dklmnr"] + ["Jørgen Høier"])
    assert not decode(listed(people, "cp1252")).doubtful


def test_a_doubted_encoding_is_asked_about(text_file, hazard, tmp_path):
    path = text_file(listed(CZECH, "cp1250"))
    assert hazard(path, "encoding_unsure").count == 1
    assert "encoding: cp1250  # please confirm" in draft_pipeline(inspect_file(path), tmp_path / "made.yaml").text
