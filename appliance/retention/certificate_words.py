"""What a certificate of erasure says, in the languages of the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from appliance.retention.proofs import Standing


@dataclass(frozen=True, slots=True)
class CertificateWords:
    """Every text of a certificate; what stands in braces is filled in."""

    title: str
    clinic: str
    box: str
    number: str
    what: str
    why: str
    erased: str
    finished: str
    files: str
    agreed: str
    two_people: str
    one_person: str
    by_itself: str
    waiting: str
    scopes: Mapping[str, str]
    kinds: Mapping[str, str]
    here: str
    here_done: str
    here_waits: str
    rewritten: str
    not_rewritten: str
    copies: str
    no_copies: str
    columns: tuple[str, str, str]
    standings: Mapping[Standing, str]
    ciphertext: str
    ciphertext_stays: str
    never_seen: str
    not_proved: str
    nothing_open: str
    open_box: str
    open_target: str
    limits: str
    limits_text: str
    checking: str
    checking_text: str
    page: str


_ENGLISH = CertificateWords(
    title="Certificate of erasure",
    clinic="Clinic",
    box="Box",
    number="Erasure",
    what="What was erased",
    why="Why",
    erased="Erased",
    finished="Finished",
    files="Files",
    agreed="Decided by",
    two_people="one person, and agreed to by another",
    one_person="one person",
    by_itself="the operator of the box, or the box by the clinic's rule",
    waiting="not yet",
    scopes={
        "instance": "one image", "series": "one series", "study": "one study", "patient": "all studies of one "
        "patient",
        "files": "what had been erased before an older copy of the box came back", "box": "everything on the box",
    },
    kinds={
        "due": "its time was over", "request": "it was asked for", "error": "it was stored by mistake",
        "restored": "it was erased again after a restore", "decommissioning": "the box was taken out of service",
    },
    here="On the box",
    here_done="The keys and every entry are gone since {erased}; the encrypted files, and the keys that they "
    "came under, "
    "since {finished}. Without its key nobody can open an encrypted file.",
    here_waits="The keys and every entry are gone from the catalogue in use since {erased}. Not everything else is "
    "gone yet: a transfer from a device has not ended, the disk refused, or a catalogue that was replaced, and holds "
    "the keys, was not removed. Ask for this certificate again later.",
    rewritten="The catalogue was written anew on {at}, without what moved entries leave in unused places.",
    not_rewritten="The catalogue is written anew in one of the next nights, without what moved entries leave in "
    "unused places.",
    copies="On each backup target",
    no_copies="The box has never had a backup target.",
    columns=("Target", "Last copy with a key", "How it stands"),
    standings={
        Standing.NEVER_HELD: "Never held a key of it.",
        Standing.PRUNED: "Holds no key of it since {ended}: the last copy that did was seen to be gone.",
        Standing.DESTROYED: "A person declared this target destroyed on {ended}.",
        Standing.BOX_FIRST: "NOT PROVED: the box itself is not done yet.",
        Standing.HOLDS: "NOT PROVED: still holds a key. The copy is due to go on {expected}.",
        Standing.LATE: "NOT PROVED: still holds a key, and should not any more.",
        Standing.UNSEEN: "NOT PROVED: may still hold a key. Not reached since {seen}; it counts until it is seen or "
        "declared destroyed.",
    },
    ciphertext="Encrypted files of it are still there.",
    ciphertext_stays="Encrypted files of it stay there: this target removes nothing. No key of the box opens "
    "them once "
    "the copies of keys are gone.",
    never_seen="never",
    not_proved="What is not proved yet",
    nothing_open="Nothing: no place that the box knows holds a key of it.",
    open_box="The box itself.",
    open_target="Target {name}.",
    limits="What this certificate cannot speak of",
    limits_text="Copies that people made: exports, printed papers, packages given to patients, images that were "
    "sent to "
    "other systems, copies of a backup made by hand. What the storage behind a target keeps by itself, as snapshots of "
    "a network disk or versions of a bucket: the box sees what the target shows. "
    "Spare blocks of a solid-state disk may keep old bytes; they are "
    "encrypted under keys that are gone.",
    checking="How to check it",
    checking_text="This document is signed by the box. Any reader of PDF that shows signatures says whether it "
    "was changed; "
    "so does, on a box, `enamel erasures verify FILE`. It names no person. The key that signed it has the "
    "fingerprint "
    "{fingerprint}; compare it with the one that the clinic shows under Safekeeping, Erasures.",
    page="Page {page} of {pages}",
)  # fmt: skip

_SPANISH = CertificateWords(
    title="Certificado de borrado",
    clinic="Clínica",
    box="Servidor",
    number="Borrado",
    what="Qué se borró",
    why="Por qué",
    erased="Borrado el",
    finished="Terminado el",
    files="Archivos",
    agreed="Decidido por",
    two_people="una persona, con el acuerdo de otra",
    one_person="una persona",
    by_itself="quien opera el servidor, o el servidor según la regla de la clínica",
    waiting="todavía no",
    scopes={
        "instance": "una imagen", "series": "una serie", "study": "un estudio",
        "patient": "todos los estudios de un paciente",
        "files": "lo que ya se había borrado antes de volver una copia más antigua del servidor",
        "box": "todo lo que había en el servidor",
    },
    kinds={
        "due": "su plazo terminó", "request": "se solicitó", "error": "se guardó por error",
        "restored": "se borró de nuevo tras una restauración", "decommissioning": "el servidor se retiró del servicio",
    },
    here="En el servidor",
    here_done="Las claves y todas las entradas desaparecieron el {erased}; los archivos cifrados, y las claves "
    "con que "
    "llegaron, el {finished}. Sin su clave nadie puede abrir un archivo cifrado.",
    here_waits="Las claves y todas las entradas desaparecieron del catálogo en uso el {erased}. Aún no desapareció "
    "todo lo demás: el envío de un dispositivo no ha terminado, el disco se negó, o no se eliminó un catálogo "
    "reemplazado, que contiene las claves. Pida este certificado de nuevo más tarde.",
    rewritten="El catálogo se escribió de nuevo el {at}, sin lo que las entradas movidas dejan en lugares sin uso.",
    not_rewritten="El catálogo se escribe de nuevo una de las próximas noches, sin lo que las entradas movidas "
    "dejan en "
    "lugares sin uso.",
    copies="En cada destino de copias",
    no_copies="El servidor nunca ha tenido un destino de copias.",
    columns=("Destino", "Última copia con una clave", "Situación"),
    standings={
        Standing.NEVER_HELD: "Nunca tuvo una clave.",
        Standing.PRUNED: "No tiene ninguna clave desde el {ended}: se comprobó que la última copia que la tenía "
        "ya no está.",
        Standing.DESTROYED: "Una persona declaró destruido este destino el {ended}.",
        Standing.BOX_FIRST: "NO PROBADO: el propio servidor no ha terminado.",
        Standing.HOLDS: "NO PROBADO: todavía tiene una clave. La copia debe desaparecer el {expected}.",
        Standing.LATE: "NO PROBADO: todavía tiene una clave, y ya no debería.",
        Standing.UNSEEN: "NO PROBADO: puede tener aún una clave. Sin acceso desde {seen}; cuenta hasta que se "
        "vea o se "
        "declare destruido.",
    },
    ciphertext="Todavía hay allí archivos cifrados.",
    ciphertext_stays="Allí permanecen archivos cifrados: este destino no elimina nada. Ninguna clave del servidor "
    "los abre "
    "cuando las copias de claves han desaparecido.",
    never_seen="nunca",
    not_proved="Qué no está probado todavía",
    nothing_open="Nada: ningún lugar que el servidor conozca tiene una clave.",
    open_box="El propio servidor.",
    open_target="Destino {name}.",
    limits="De qué no puede hablar este certificado",
    limits_text="De las copias hechas por personas: exportaciones, papeles impresos, paquetes entregados a "
    "pacientes, "
    "imágenes enviadas a otros sistemas, copias de una copia de seguridad hechas a mano. De lo que guarda por sí "
    "solo el almacenamiento de un destino, como instantáneas de un disco de red o versiones de un contenedor: el "
    "servidor ve lo que el destino muestra. Los bloques de reserva "
    "de un "
    "disco sólido pueden conservar bytes antiguos; están cifrados con claves que ya no existen.",
    checking="Cómo comprobarlo",
    checking_text="Este documento está firmado por el servidor. Cualquier lector de PDF que muestre firmas dice "
    "si se cambió; "
    "también, en un servidor, `enamel erasures verify FILE`. No nombra a ninguna persona. La clave que lo firmó "
    "tiene la "
    "huella {fingerprint}; compárela con la que la clínica muestra en Custodia, Borrados.",
    page="Página {page} de {pages}",
)  # fmt: skip

_PORTUGUESE = CertificateWords(
    title="Certificado de eliminação",
    clinic="Clínica",
    box="Servidor",
    number="Eliminação",
    what="O que foi eliminado",
    why="Por quê",
    erased="Eliminado em",
    finished="Concluído em",
    files="Arquivos",
    agreed="Decidido por",
    two_people="uma pessoa, com o acordo de outra",
    one_person="uma pessoa",
    by_itself="quem opera o servidor, ou o servidor pela regra da clínica",
    waiting="ainda não",
    scopes={
        "instance": "uma imagem", "series": "uma série", "study": "um exame",
        "patient": "todos os exames de um paciente",
        "files": "o que já tinha sido eliminado antes de voltar uma cópia mais antiga do servidor",
        "box": "tudo o que estava no servidor",
    },
    kinds={
        "due": "seu prazo terminou", "request": "foi pedido", "error": "foi guardado por engano",
        "restored": "foi eliminado de novo após uma restauração", "decommissioning": "o servidor foi retirado de "
        "serviço",
    },
    here="No servidor",
    here_done="As chaves e todas as entradas desapareceram em {erased}; os arquivos cifrados, e as chaves com que "
    "chegaram, em {finished}. Sem sua chave ninguém abre um arquivo cifrado.",
    here_waits="As chaves e todas as entradas desapareceram do catálogo em uso em {erased}. Nem tudo o resto "
    "desapareceu: o envio de um aparelho não terminou, o disco recusou, ou não foi removido um catálogo "
    "substituído, que contém as chaves. Peça este certificado de novo mais tarde.",
    rewritten="O catálogo foi escrito de novo em {at}, sem o que as entradas movidas deixam em lugares sem uso.",
    not_rewritten="O catálogo é escrito de novo numa das próximas noites, sem o que as entradas movidas deixam "
    "em lugares "
    "sem uso.",
    copies="Em cada destino de cópias",
    no_copies="O servidor nunca teve um destino de cópias.",
    columns=("Destino", "Última cópia com uma chave", "Situação"),
    standings={
        Standing.NEVER_HELD: "Nunca teve uma chave.",
        Standing.PRUNED: "Não tem nenhuma chave desde {ended}: viu-se que a última cópia que a tinha já não está lá.",
        Standing.DESTROYED: "Uma pessoa declarou este destino destruído em {ended}.",
        Standing.BOX_FIRST: "NÃO PROVADO: o próprio servidor ainda não concluiu.",
        Standing.HOLDS: "NÃO PROVADO: ainda tem uma chave. A cópia deve desaparecer em {expected}.",
        Standing.LATE: "NÃO PROVADO: ainda tem uma chave, e já não devia.",
        Standing.UNSEEN: "NÃO PROVADO: pode ainda ter uma chave. Sem acesso desde {seen}; conta até ser visto ou "
        "declarado destruído.",
    },
    ciphertext="Ainda há arquivos cifrados lá.",
    ciphertext_stays="Arquivos cifrados ficam lá: este destino não remove nada. Nenhuma chave do servidor "
    "os abre "
    "quando as cópias das chaves desaparecerem.",
    never_seen="nunca",
    not_proved="O que ainda não está provado",
    nothing_open="Nada: nenhum lugar que o servidor conheça tem uma chave.",
    open_box="O próprio servidor.",
    open_target="Destino {name}.",
    limits="De que este certificado não pode falar",
    limits_text="De cópias feitas por pessoas: exportações, papéis impressos, pacotes entregues a pacientes, imagens "
    "enviadas a outros sistemas, cópias de uma cópia de segurança feitas à mão. Do que o armazenamento de um destino "
    "guarda por si, como instantâneos de um disco de rede ou versões de um bucket: o servidor vê o que o destino "
    "mostra. Os blocos de reserva de um "
    "disco sólido "
    "podem guardar bytes antigos; estão cifrados com chaves que já não existem.",
    checking="Como verificar",
    checking_text="Este documento é assinado pelo servidor. Qualquer leitor de PDF que mostre assinaturas "
    "diz se foi "
    "alterado; também, num servidor, `enamel erasures verify FILE`. Não nomeia ninguém. A chave que o "
    "assinou tem a "
    "impressão {fingerprint}; compare-a com a que a clínica mostra em Guarda, Eliminações.",
    page="Página {page} de {pages}",
)  # fmt: skip

WORDS: Mapping[str, CertificateWords] = MappingProxyType({"en": _ENGLISH, "es": _SPANISH, "pt": _PORTUGUESE})
