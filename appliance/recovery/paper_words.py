"""What stands on a share's paper, in the languages of the pages; its 33 words are the standard's in each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

COMMAND = "enamel restore --target WHERE --data FOLDER"


@dataclass(frozen=True, slots=True)
class PaperWords:
    """Every text of a paper; what stands in braces is filled in."""

    title: str
    clinic: str
    box: str
    made_on: str
    kept_by: str
    explained: str
    word: str
    to_bring_back: str
    steps: tuple[str, str, str, str]
    backups: str
    none_yet: str
    page: str
    undrawn: str


_ENGLISH = PaperWords(
    title="Recovery kit {kit}: share {number} of {count}",
    clinic="Clinic",
    box="Box",
    made_on="Made on",
    kept_by="Kept by",
    explained="Any {needed} of the {count} shares of this kit open every scan of this box, and give all of it back "
    "after the box is lost. One alone opens nothing. Keep each in another place, none beside the box; photograph none.",
    word="Word",
    to_bring_back="To bring the box back",
    steps=(
        "Put Enamel onto a new machine (docs/operations/install.md).",
        "There, as the operator: {command}",
        "WHERE is one of the backups below. The command asks for two shares: the first four letters of each word will "
        "do.",
        "It asks for a new passphrase, shows how far it is, and may be cut off and begun again at any time.",
    ),
    backups="Backups of this box when this was made",
    none_yet="None yet. Write here where they are:",
    page="Page {page} of {pages}",
    undrawn="{box} stands for a letter that the machine which made this paper has no font for.",
)

_SPANISH = PaperWords(
    title="Juego de recuperación {kit}: parte {number} de {count}",
    clinic="Clínica",
    box="Servidor",
    made_on="Hecho el",
    kept_by="Lo guarda",
    explained="Dos partes cualesquiera ({needed} de {count}) de este juego abren todos los estudios de este servidor y "
    "lo devuelven entero si se pierde. Una sola no abre nada. Guarde cada una en otro lugar, ninguna junto al "
    "servidor; no fotografíe ninguna. Las palabras están en inglés: cópielas tal cual.",
    word="Palabra",
    to_bring_back="Para recuperar el servidor",
    steps=(
        "Instale Enamel en un equipo nuevo (docs/operations/install.md).",
        "En él, como operador: {command}",
        "WHERE es una de las copias de abajo y FOLDER una carpeta nueva. La orden pide dos partes: bastan las cuatro "
        "primeras letras de cada palabra.",
        "Pide una frase de paso nueva, muestra cuánto avanza y se puede cortar y repetir en cualquier momento.",
    ),
    backups="Copias de este servidor cuando se hizo esta hoja",
    none_yet="Ninguna todavía. Escriba aquí dónde están:",
    page="Página {page} de {pages}",
    undrawn="{box} está en lugar de una letra que el equipo que hizo esta hoja no puede dibujar.",
)

_PORTUGUESE = PaperWords(
    title="Kit de recuperação {kit}: parte {number} de {count}",
    clinic="Clínica",
    box="Servidor",
    made_on="Feito em",
    kept_by="Guardado por",
    explained="Quaisquer duas partes ({needed} de {count}) deste kit abrem todos os exames deste servidor e o devolvem "
    "inteiro se ele for perdido. Uma só não abre nada. Guarde cada uma em outro lugar, nenhuma junto ao servidor; não "
    "fotografe nenhuma. As palavras estão em inglês: copie-as como estão.",
    word="Palavra",
    to_bring_back="Para recuperar o servidor",
    steps=(
        "Instale o Enamel em uma máquina nova (docs/operations/install.md).",
        "Nela, como operador: {command}",
        "WHERE é uma das cópias abaixo e FOLDER uma pasta nova. O comando pede duas partes: bastam as quatro primeiras "
        "letras de cada palavra.",
        "Pede uma nova frase secreta, mostra quanto avançou e pode ser interrompido e repetido a qualquer momento.",
    ),
    backups="Cópias deste servidor quando esta folha foi feita",
    none_yet="Nenhuma ainda. Escreva aqui onde estão:",
    page="Página {page} de {pages}",
    undrawn="{box} está no lugar de uma letra que a máquina que fez esta folha não consegue desenhar.",
)

PAPER_WORDS: Mapping[str, PaperWords] = MappingProxyType({"en": _ENGLISH, "es": _SPANISH, "pt": _PORTUGUESE})
