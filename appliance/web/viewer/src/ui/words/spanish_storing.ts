/** Every word of the offer to store files in the box, in Spanish. */
import type { StoringLanguage } from "./english_storing";

const images = (count: number) => (count === 1 ? "1 imagen" : `${count.toLocaleString("es")} imágenes`);

export const STORING: StoringLanguage = {
  offer: "Guardar en el servidor",
  isStored: "Guardado en el servidor",
  title: "¿Guardar este estudio en el servidor?",
  patient: "Paciente",
  patientId: "ID del paciente",
  birthDate: "Fecha de nacimiento",
  study: "Estudio",
  images: "Se guardarán",
  amount: (count, series, megabytes) => `${images(count)} en ${series === 1 ? "1 serie" : `${series.toLocaleString("es")} series`} · ${megabytes}`,
  check: "Compruebe que es el paciente correcto: el servidor archiva las imágenes con este nombre. Lo que ya tiene se guarda una sola vez.",
  storeImages: (count) => `Guardar ${images(count)}`,
  notNow: "Ahora no",
  storing: "Guardando en el servidor",
  progress: (done, all, megabytes, allMegabytes) => `${done.toLocaleString("es")} de ${images(all)} · ${megabytes} de ${allMegabytes}`,
  stop: "Detener",
  allStored: (count) => (count === 1 ? "La imagen está guardada" : `Las ${images(count)} están guardadas`),
  someStored: (stored, all) => (stored === 0 ? "No se guardó nada" : `Guardadas: ${stored.toLocaleString("es")} de ${images(all)}`),
  stopped: "Usted lo detuvo. Lo guardado queda guardado; al continuar se envía solo el resto.",
  after: "Están en el disco del servidor, cifradas, y en unos segundos en la lista de estudios.",
  nothingChanged: "Los archivos de este dispositivo están como estaban.",
  show: "Ver el estudio",
  again: "Intentar el resto otra vez",
  goOn: "Continuar",
  close: "Cerrar",
  failed: "el servidor no pudo guardarlo ahora; inténtelo otra vez",
  refused: "El servidor no pudo recibir los archivos ahora. Continúe en un momento.",
  reasons: {
    0x0117: "no dice qué es, o a qué estudio pertenece",
    0x0122: "es de un tipo que el servidor no guarda",
    0x0124: "su permiso para guardar terminó mientras se enviaba",
    0xa700: "el servidor no tiene espacio para él",
    0xa900: "se contradice sobre lo que es",
    0xc000: "no es un archivo DICOM, o no se puede leer",
  },
  statuses: {
    0: "No se pudo llegar al servidor, o los archivos ya no se pueden leer. Cuando ambos estén otra vez, continúe.",
    401: "La pantalla se bloqueó, o su sesión terminó. Desbloquéela aquí, o inicie sesión en otra pestaña; después continúe.",
    403: "Su cuenta no puede guardar imágenes, o esta página es demasiado antigua. Vuelva a cargarla y elija otra vez los archivos.",
    413: "Un archivo es más grande de lo que el servidor recibe.",
    503: "El servidor está ocupado o bloqueado. Continúe en un momento.",
    507: "El servidor no tiene espacio. Avise a quien se ocupa de él.",
  },
};
