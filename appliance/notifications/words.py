"""What each notice says, in every language of the pages: mails are written where no page is.

A sentence names no person, no patient and no study; it may hold a `{number}` and, as its first word, the `{name}`
that the clinic gave to what it is about: a place for copies.
"""

from collections.abc import Mapping

from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.queries import Notice, Subject

LANGUAGES = ("en", "es", "pt")

_WORDS: dict[NoticeCode, tuple[str, str, str]] = {
    NoticeCode.TEST: (
        "This is a test: notices of this box reach you.",
        "Esto es una prueba: los avisos de este servidor le llegan.",
        "Isto é um teste: os avisos deste servidor chegam até você.",
    ),
    NoticeCode.MAIL_FAILS: (
        "Mail cannot be sent: what the box has to tell stays on its pages.",
        "No se puede enviar correo: lo que el servidor tiene que avisar queda solo en sus páginas.",
        "Não é possível enviar e-mail: o que o servidor tem a avisar fica só em suas páginas.",
    ),
    NoticeCode.WEBHOOK_FAILS: (
        "The service that the box should tell does not take its word.",
        "El servicio al que el servidor debe avisar no recibe sus avisos.",
        "O serviço que o servidor deve avisar não recebe seus avisos.",
    ),
    NoticeCode.JOB_FAILS: (
        "Something the box does by itself has failed {number} times in a row. Safekeeping, Jobs says which.",
        "Algo que el servidor hace solo falló {number} veces seguidas. Custodia, Tareas dice qué.",
        "Algo que o servidor faz sozinho falhou {number} vezes seguidas. Guarda, Tarefas diz o quê.",
    ),
    NoticeCode.CLOCK_JUMPED: (
        "The clock was set, or the box was without power for days: nothing is erased by its date for a week, or until "
        "somebody says under Safekeeping, Jobs that date and time are right.",
        "El reloj se cambió, o el servidor estuvo días sin corriente: nada se borra por su fecha durante una semana, o "
        "hasta que alguien diga en Custodia, Tareas que fecha y hora son correctas.",
        "O relógio foi alterado, ou o servidor ficou dias sem energia: nada é eliminado pela data durante uma semana, "
        "ou até que alguém diga em Guarda, Tarefas que data e hora estão certas.",
    ),
    NoticeCode.DISK_FILLS: (
        "At the present pace the disk lasts about {number} days. Plan for a larger one.",
        "Al ritmo actual el disco alcanza para unos {number} días. Prevea uno más grande.",
        "No ritmo atual o disco dura cerca de {number} dias. Planeje um maior.",
    ),
    NoticeCode.DISK_LOW: (
        "Only {number} % of the disk is free. Nothing is deleted to make room: once full, it can receive no scan.",
        "Solo queda libre el {number} % del disco. Nada se borra para hacer lugar: cuando se llene, no se podrá "
        "recibir ningún estudio.",
        "Só {number} % do disco está livre. Nada é apagado para abrir espaço: quando encher, nenhum exame poderá ser "
        "recebido.",
    ),
    NoticeCode.BACKUP_LATE: (
        "{name} has had no complete copy for {number} days. Connect the disk, or look at the connection.",
        "{name} no tiene una copia completa desde hace {number} días. Conecte el disco o revise la conexión.",
        "{name} está sem cópia completa há {number} dias. Conecte o disco ou verifique a conexão.",
    ),
    NoticeCode.BACKUP_MISSING: (
        "Scans are not copied anywhere: no place for copies is set up.",
        "Los estudios no se copian a ninguna parte: no hay ningún lugar de copias.",
        "Os exames não são copiados para lugar nenhum: nenhum lugar de cópias foi configurado.",
    ),
    NoticeCode.BACKUP_FAILS: (
        "{name}: the last copy failed. Safekeeping, Backups says why.",
        "{name}: la última copia falló. Custodia, Copias dice por qué.",
        "{name}: a última cópia falhou. Guarda, Cópias diz por quê.",
    ),
    NoticeCode.RESTORE_TEST_FAILED: (
        "{name}: the restore test failed. Safekeeping, Proofs says what was found.",
        "{name}: la prueba de recuperación falló. Custodia, Pruebas dice qué se encontró.",
        "{name}: o teste de recuperação falhou. Guarda, Provas diz o que foi encontrado.",
    ),
    NoticeCode.INTEGRITY_FAULTS: (
        "Stored data is not what was stored, in {number} places. Safekeeping, Proofs names them.",
        "Lo guardado no es lo que se guardó, en {number} lugares. Custodia, Pruebas los nombra.",
        "O que está guardado não é o que foi guardado, em {number} lugares. Guarda, Provas os nomeia.",
    ),
    NoticeCode.READING_LATE: (
        "{number} stored files were not read back for more than a month. Safekeeping, Jobs says whether that goes on.",
        "Hace más de un mes que no se releen {number} archivos guardados. Custodia, Tareas dice si eso sigue.",
        "Há mais de um mês {number} arquivos guardados não são relidos. Guarda, Tarefas diz se isso continua.",
    ),
    NoticeCode.DRILL_DUE: (
        "It is time to practise restoring from a copy, as you should twice a year.",
        "Es hora de practicar la recuperación desde una copia, como conviene dos veces al año.",
        "É hora de praticar a recuperação a partir de uma cópia, como se deve duas vezes por ano.",
    ),
    NoticeCode.ERASURE_PROPOSED: (
        "Something is to be erased for good: {number} proposed. Whoever thinks that wrong cancels it under "
        "Safekeeping, Keeping times; what is approved goes in the night.",
        "Algo se va a borrar para siempre: {number} en propuesta. Quien lo crea un error lo cancela en Custodia, "
        "Plazos; lo aprobado se borra en la noche.",
        "Algo vai ser eliminado para sempre: {number} em proposta. Quem achar isso errado cancela em Guarda, Prazos; "
        "o que foi aprovado é eliminado à noite.",
    ),
    NoticeCode.ERASURE_DONE: (
        "What was proposed and agreed to was erased for good in the night: {number} in all. Safekeeping, Erasures says "
        "what the copies still hold.",
        "Lo propuesto y acordado se borró para siempre en la noche: {number} en total. Custodia, Borrados dice qué "
        "tienen todavía las copias.",
        "O que foi proposto e acordado foi eliminado para sempre à noite: {number} ao todo. Guarda, Eliminações diz o "
        "que as cópias ainda têm.",
    ),
    NoticeCode.ERASURE_FOUND: (
        "A place for copies knew of erased scans that were here again since an older copy of the box came back: "
        "{number} files were erased again. Safekeeping, Erasures shows it.",
        "Un lugar de copias sabía de estudios borrados que estaban aquí otra vez desde que volvió una copia más "
        "antigua del servidor: se borraron de nuevo {number} archivos. Custodia, Borrados lo muestra.",
        "Um lugar de cópias sabia de exames eliminados que estavam aqui de novo desde que voltou uma cópia mais antiga "
        "do servidor: {number} arquivos foram eliminados de novo. Guarda, Eliminações mostra.",
    ),
    NoticeCode.ERASURE_UNDECIDED: (
        "{name} knows {number} files as erased that stay here: they came under a legal hold, or were sent again, "
        "since an older copy of the box came back, or that place is of keys of before. If they are to go, lift the "
        "hold, or have the study erased.",
        "{name} conoce como borrados {number} archivos que se quedan aquí: quedaron bajo retención legal, o se "
        "enviaron de nuevo, desde que volvió una copia más antigua del servidor, o ese lugar es de claves anteriores. "
        "Si deben desaparecer, levante la retención o haga borrar el estudio.",
        "{name} conhece como eliminados {number} arquivos que ficam aqui: entraram em retenção legal, ou foram "
        "enviados de novo, desde que voltou uma cópia mais antiga do servidor, ou esse lugar é de chaves anteriores. "
        "Se devem desaparecer, levante a retenção ou mande eliminar o exame.",
    ),
    NoticeCode.ERASURE_ASIDE: (
        "A catalogue that was replaced still lies in the data folder and holds what was erased since ({number} in "
        "all): no erasure comes to its end. Whoever looks after the box removes the files catalogue.before-… there.",
        "Un catálogo que fue reemplazado sigue en la carpeta de datos y contiene lo que se borró después ({number} en "
        "total): ningún borrado termina. Quien cuida el servidor elimina allí los archivos catalogue.before-….",
        "Um catálogo que foi substituído continua na pasta de dados e contém o que foi eliminado depois ({number} ao "
        "todo): nenhuma eliminação termina. Quem cuida do servidor remove ali os arquivos catalogue.before-….",
    ),
    NoticeCode.ERASURE_UNFINISHED: (
        "An erasure has not come to its end on the box itself for more than a day ({number} in all): a device still "
        "sends, the disk refuses, or a catalogue that was replaced still lies there. Safekeeping, Erasures says which.",
        "Un borrado no termina en el propio servidor desde hace más de un día ({number} en total): un equipo sigue "
        "enviando, el disco se niega o queda allí un catálogo reemplazado. Custodia, Borrados dice cuál.",
        "Uma eliminação não termina no próprio servidor há mais de um dia ({number} ao todo): um aparelho ainda envia, "
        "o disco recusa ou um catálogo substituído continua ali. Guarda, Eliminações diz qual.",
    ),
    NoticeCode.KEYS_OLD: (
        "The keys that lock scans were made {number} days ago, and the box has not changed them. Tell whoever looks "
        "after it; Safekeeping, Keys shows them.",
        "Las claves que cierran los estudios se hicieron hace {number} días y el servidor no las cambió. Avise a quien "
        "lo cuida; Custodia, Claves las muestra.",
        "As chaves que fecham os exames foram feitas há {number} dias e o servidor não as trocou. Avise quem cuida "
        "dele; Guarda, Chaves as mostra.",
    ),
    NoticeCode.ERASURE_UNPROVED: (
        "After 30 days an erasure is not yet proved on every place for copies ({number} in all). Safekeeping, Erasures "
        "says where.",
        "Tras 30 días un borrado todavía no está probado en todos los lugares de copias ({number} en total). Custodia, "
        "Borrados dice dónde.",
        "Após 30 dias uma eliminação ainda não está provada em todos os lugares de cópias ({number} ao todo). Guarda, "
        "Eliminações diz onde.",
    ),
    NoticeCode.UNUSUAL_ACTIVITY: (
        "The record shows {number} unusual things that nobody has looked at yet. Record, Unusual says what.",
        "El registro muestra {number} cosas inusuales que nadie miró todavía. Registro, Inusual dice qué.",
        "O registro mostra {number} coisas incomuns que ninguém olhou ainda. Registro, Incomum diz o quê.",
    ),
    NoticeCode.EMERGENCY_BEGUN: (
        "Somebody broke the glass: they may look at images for {number} minutes. Record, Emergencies says who and why; "
        "somebody else has to review it.",
        "Alguien rompió el cristal: puede ver imágenes durante {number} minutos. Registro, Emergencias dice quién y "
        "por qué; otra persona tiene que revisarlo.",
        "Alguém quebrou o vidro: pode ver imagens durante {number} minutos. Registro, Emergências diz quem e por quê; "
        "outra pessoa tem de revisar.",
    ),
    NoticeCode.EMERGENCY_REPEATED: (
        "Somebody broke the glass for {number} minutes while an earlier time of theirs has waited for its review for "
        "more than a week. Record, Emergencies shows both.",
        "Alguien rompió el cristal por {number} minutos mientras una vez anterior suya espera su revisión desde hace "
        "más de una semana. Registro, Emergencias muestra ambas.",
        "Alguém quebrou o vidro por {number} minutos enquanto uma vez anterior sua espera revisão há mais de uma "
        "semana. Registro, Emergências mostra as duas.",
    ),
    NoticeCode.EMERGENCY_CODE_USED: (
        "The sealed emergency code was opened: whoever has it may look at images for {number} minutes. Record, "
        "Emergencies says under which name; review it, and draw a new code.",
        "Se abrió el código de emergencia sellado: quien lo tiene puede ver imágenes durante {number} minutos. "
        "Registro, Emergencias dice con qué nombre; revíselo y genere un código nuevo.",
        "O código de emergência lacrado foi aberto: quem o tem pode ver imagens durante {number} minutos. Registro, "
        "Emergências diz com que nome; revise e gere um código novo.",
    ),
    NoticeCode.EMERGENCY_CODE_ENDED: (
        "The sealed emergency code opens nothing any more, for whoever drew it has left or has another role. Draw a "
        "new one under Record, Emergencies, and destroy the paper.",
        "El código de emergencia sellado ya no abre nada, porque quien lo generó se fue o tiene otro rol. Genere uno "
        "nuevo en Registro, Emergencias y destruya el papel.",
        "O código de emergência lacrado não abre mais nada, porque quem o gerou saiu ou tem outra função. Gere um novo "
        "em Registro, Emergências e destrua o papel.",
    ),
    NoticeCode.EMERGENCY_UNREVIEWED: (
        "Access in an emergency has waited for its review for more than a week ({number} in all). Record, Emergencies "
        "shows what was seen.",
        "Un acceso de emergencia espera su revisión desde hace más de una semana ({number} en total). Registro, "
        "Emergencias muestra qué se vio.",
        "Um acesso de emergência espera revisão há mais de uma semana ({number} ao todo). Registro, Emergências mostra "
        "o que foi visto.",
    ),
    NoticeCode.ACCOUNTS_UNUSED: (
        "Accounts that nobody has used for 30 days: {number}. Close what is not needed; People names them.",
        "Cuentas que nadie usa desde hace 30 días: {number}. Cierre las que no hagan falta; Personas las nombra.",
        "Contas que ninguém usa há 30 dias: {number}. Encerre as que não são necessárias; Pessoas as nomeia.",
    ),
}
_NAMELESS = ("A place for copies", "Un lugar de copias", "Um lugar de cópias")
_SEVERITIES = {
    Severity.ADVICE: ("Advice", "Consejo", "Conselho"),
    Severity.WARNING: ("Warning", "Advertencia", "Aviso"),
    Severity.ALARM: ("Alarm", "Alarma", "Alarme"),
}
_MAIL = {
    "intro": (
        "The archive of {clinic} tells:",
        "El archivo de {clinic} informa:",
        "O arquivo de {clinic} informa:",
    ),
    "since": ("since {when}", "desde {when}", "desde {when}"),
    "over": ("Over now", "Ya pasó", "Já passou"),
    "where": (
        "Sign in to the box and open Safekeeping to see more, and to say that you know.",
        "Entre al servidor y abra Custodia para ver más y para decir que está enterado.",
        "Entre no servidor e abra Guarda para ver mais e para dizer que está ciente.",
    ),
    "foot": (
        "Sent by the box itself. It never writes of patients.",
        "Enviado por el propio servidor. Nunca escribe sobre pacientes.",
        "Enviado pelo próprio servidor. Nunca escreve sobre pacientes.",
    ),
    "subject over": ("It is over", "Ya pasó", "Já passou"),
    "subject more": ("and {number} more", "y {number} más", "e mais {number}"),
}


Names = Mapping[Subject, str]


def notice_words(notice: Notice, language: str, names: Names) -> str:
    """Say what a notice tells.

    Args:
        notice: Which.
        language: `en`, `es` or `pt`; any other is taken as English.
        names: What the clinic calls what notices are about; what is not there has a general word.
    """
    place = _place(language)
    known = None if notice.subject is None else names.get(notice.subject)
    name = _NAMELESS[place] if known is None else f"“{known}”"
    return _WORDS[notice.code][place].format(number=notice.number, name=name)


def severity_words(severity: Severity, language: str) -> str:
    """Name a severity."""
    return _SEVERITIES[severity][_place(language)]


def mail_words(which: str, language: str, **values: object) -> str:
    """Give a piece of a mail."""
    return _MAIL[which][_place(language)].format(**values)


def _place(language: str) -> int:
    return LANGUAGES.index(language) if language in LANGUAGES else 0
