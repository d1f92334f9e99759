/** Every word that the viewer shows, in neutral Spanish. */
import type { Language, OddityWords } from "./english";

const WORDS: Language["words"] = {
  decimal: ",",
  back: "Volver al estudio",
  tools: { cross: "Cruz", window: "Brillo", pan: "Mover", zoom: "Zoom", scroll: "Recorrer", length: "Longitud", angle: "Ángulo" },
  toolHints: {
    cross: "Haga clic o arrastre para mover la cruz; arrastre el extremo de una línea para girar los planos (C)",
    length: "Arrastre de un punto a otro para medir (L)",
    angle: "Haga clic en tres puntos; el segundo es el vértice (A)",
    window: "Arrastre a los lados para el contraste, arriba y abajo para el brillo (W)",
    pan: "Arrastre para mover la imagen (P)",
    zoom: "Arrastre hacia arriba para ampliar, hacia abajo para reducir (Z)",
    scroll: "Arrastre para recorrer las imágenes (S)",
  },
  cells: { axial: "Axial", coronal: "Coronal", sagittal: "Sagital", solid: "3D" },
  layouts: { all: "Planos y 3D", main: "Uno grande y tres", row: "Planos lado a lado", axial: "Corte axial", coronal: "Corte coronal", sagittal: "Corte sagital", solid: "3D", images: "Imágenes originales" },
  layout: "Disposición",
  slab: "Grosor del corte",
  slabs: { mean: "Promedio", most: "Máximo", least: "Mínimo" },
  slabKind: "Qué muestra un corte grueso",
  slabPreset: "Grosor predefinido",
  slabPresets: {
    "": "Grosor propio",
    "mean 0": "Fino",
    "mean 1": "Promedio 1 mm",
    "mean 3": "Promedio 3 mm",
    "most 5": "Máximo 5 mm",
    "most 10": "Máximo 10 mm",
    "most 20": "Máximo 20 mm",
    "least 3": "Mínimo 3 mm",
  },
  thin: "fino",
  looks: { bone: "Hueso", teeth: "Dientes", skin: "Piel", brightest: "Intensidad máxima" },
  look: "Qué muestra el 3D",
  oblique: "girado",
  clear: "Quitar las mediciones (Supr)",
  noSize: "Esta imagen no indica el tamaño de sus píxeles: aquí no se pueden medir longitudes, sí ángulos.",
  measuredAt: { detector: "en el detector", scanned: "en la película" },
  spacings: {
    patient: "",
    fiducial: "Calibrada con un objeto de tamaño conocido",
    geometry: "Calibrada según la magnificación de la exposición",
    calibrated: "Calibrada; la imagen no indica cómo",
    detector: "Sin calibrar: las longitudes son en el detector, en el paciente son menores",
    scanned: "Sin calibrar: las longitudes son en la película escaneada",
    unsaid: "Tamaño de píxel según la imagen, que no indica cómo se obtuvo",
    none: "Tamaño de píxel desconocido: no se miden longitudes",
  },
  noLength: "Aquí no se puede medir",
  planeMoved: "El plano se había movido: comience la medida de nuevo aquí",
  noScale: "sin escala",
  falseSides: "Izquierda y derecha desconocidas: lo que la imagen indica es imposible",
  series: "Series de este estudio",
  seriesHint: "Series de este estudio (T)",
  informationHint: "Información de la imagen (D)",
  list: "Mediciones",
  listHint: "Mediciones (M)",
  noMarks: "Aún no se ha medido nada. Elija longitud o ángulo.",
  marksStay: "Las mediciones quedan en esta pestaña hasta que la cierre o cierre la sesión. El servidor no las guarda.",
  kinds: { length: "Longitud", angle: "Ángulo" },
  removeMark: "Quitar",
  markName: "Nombre",
  side: "3D visto desde",
  sides: { front: "Frente", right: "Derecha", left: "Izquierda", back: "Atrás", above: "Arriba", below: "Abajo" },
  resetBody: "Restablecer el 3D",
  presets: "Ventana predefinida",
  matters: { bone: "Hueso", teeth: "Dientes", endo: "Conductos radiculares", soft: "Tejidos blandos" },
  ownWindow: "Ajustada a mano",
  invert: "Invertir blanco y negro (I)",
  reset: "Restablecer la imagen (R)",
  fullScreen: "Pantalla completa (F)",
  help: "Teclas y gestos (?)",
  slider: "Imagen",
  notForDiagnosis: "No apto para diagnóstico",
  loading: "Cargando la serie",
  padding: "aquí no hay valor",
  coarse: (factor: number) => `Se muestra a 1/${String(factor)} de resolución: la memoria gráfica de este equipo no alcanza. Las lecturas son exactas.`,
  notFetched: "Esto no se pudo traer del servidor. Inténtelo de nuevo en un momento.",
  lost: "La tarjeta gráfica se interrumpió. La imagen vuelve por sí sola.",
  noGraphics: "Este navegador no puede dibujar las imágenes: WebGL2 falta o está desactivado. Sirve otro navegador, o activar la aceleración gráfica en su configuración.",
  crashed: "El visor se detuvo. Vuelva a cargar la página.",
  broken: "Se interrumpió la conexión con el servidor. Se muestra lo que había llegado; vuelva a cargar la página para ver el resto.",
  brokenIndex: "Esta serie no tiene una forma que este visor entienda. Vuelva a cargar la página.",
  empty: "Esta serie no contiene imágenes.",
  nearest: (wanted: number) => `la imagen ${String(wanted)} se está cargando`,
  coming: {
    coarse: (come: number, count: number) => `Vista preliminar: ${String(come)} de ${String(count)} cortes`,
    images: (come: number, count: number) => `${String(come)} de ${String(count)} imágenes`,
    about: (seconds: number) => (seconds < 60 ? `unos ${String(seconds)} s` : `unos ${String(seconds / 60)} min`),
    cut: "Se interrumpió la conexión; se está retomando",
    cutFor: (seconds: number) => `Se interrumpió la conexión. Se retoma en ${String(seconds)} s`,
    changed: "Llegaron nuevas imágenes de esta serie. Vuelva a cargar la página para verlas.",
    noValue: "vista preliminar, sin valor todavía",
  },
  missing: (count: number) => (count === 1 ? "1 imagen no puede mostrarse" : `${String(count)} imágenes no pueden mostrarse`),
  cannotShow: (image: number) => `La imagen ${String(image)} no puede mostrarse`,
  imageOf: (image: number, count: number) => `Imagen ${String(image)} de ${String(count)}`,
  zoomed: (percent: number) => `Zoom ${String(percent)} %`,
  centreWidth: (centre: string, width: string) => `Centro ${centre}  Ancho ${width}`,
  columnRow: (column: number, row: number) => `columna ${String(column)}, fila ${String(row)}`,
  colour: (values: string) => `Rojo, verde, azul ${values}`,
  grey: (value: string) => `Valor de gris ${value}`,
  previous: "Imagen anterior",
  next: "Imagen siguiente",
  scannersOwn: "Del equipo",
  windows: { Automatic: "Automática", Everything: "Todo el rango" },
};

const PROBLEMS: Language["problems"] = {
  "no-picture": "No contiene una imagen: es un informe, un documento o una medición. Se conserva sin cambios.",
  syntax: "Está codificada de una forma que este visor no puede abrir. Se conserva sin cambios.",
  damaged: "Está dañada.",
  kind: "Este visor no conoce este tipo de imagen. Se conserva sin cambios.",
  size: "Dice ser más grande que cualquier imagen que este visor puede mostrar.",
  frames: "Dice contener más imágenes de las que caben en su archivo. El archivo se conserva sin cambios.",
  unreadable: "El servidor no pudo leerla en este momento. Abra la serie otra vez; si sigue así, avise a quien cuida el servidor.",
};

function refusal(status: number): string {
  if (status === 401) return "Su sesión terminó. Inicie sesión y abra la serie otra vez.";
  if (status === 403) return "No puede ver esta serie. Consulte a un administrador de su clínica.";
  if (status === 404 || status === 410) return "Esta serie ya no está en el servidor.";
  if (status === 423 || status === 503) return "El servidor está bloqueado. Sigue recibiendo estudios; desbloquéelo para verlos.";
  if (status === 429) return "El servidor está ocupado. Inténtelo otra vez en un momento.";
  return `El servidor no pudo entregar esta serie (estado ${String(status)}).`;
}

const ODDITIES: OddityWords = {
  "left-out": ({ count }) => (count === 1 ? "1 imagen no forma parte del volumen." : `${String(count)} imágenes no forman parte del volumen.`),
  duplicates: ({ count }) => (count === 1 ? "1 corte está donde ya hay otro; se muestra el primero." : `${String(count)} cortes están donde ya hay otro; se muestra el primero.`),
  missing: ({ count }) => (count === 1 ? "Falta 1 corte; su lugar queda en negro." : `Faltan ${String(count)} cortes; su lugar queda en negro.`),
  irregular: ({ least, most }) => `Los cortes están separados entre ${millimetres(least)} y ${millimetres(most)}: no se mide nada a través de ellos.`,
  sideways: ({ mm }) => `Hay cortes hasta ${millimetres(mm)} fuera de la línea de los demás: no se mide nada a través de los cortes.`,
  tilted: ({ degrees }) => `El equipo estaba inclinado ${comma(degrees, 1)}°; los cortes se enderezaron.`,
  "no-positions": ({ mm, said }) =>
    said
      ? `Las imágenes no indican su posición; están separadas ${millimetres(mm)}, según el equipo. No se sabe qué extremo es cuál.`
      : "Las imágenes no indican su posición ni cuánto se separan: no se mide nada a través de los cortes y no se sabe qué extremo es cuál.",
  "no-orientation": () => "Las imágenes no indican su orientación: no se conocen izquierda y derecha.",
  "false-orientation": () => "Lo que las imágenes indican de su orientación es imposible: no se conocen izquierda y derecha.",
  "not-of-patient": ({ at }) => `Los tamaños solo se conocen ${at === "detector" ? "en el detector" : "en la película escaneada"}, no en el paciente: no se mide nada.`,
  "no-spacing": () => "Las imágenes no indican el tamaño de un píxel: no se mide nada.",
  anisotropic: ({ least, most }) => `Los vóxeles miden ${millimetres(least)} por ${millimetres(most)}: en una dirección se ve menos.`,
};

function millimetres(value: number): string {
  return `${comma(value, 2)} mm`;
}

function comma(value: number, digits: number): string {
  return value.toFixed(digits).replace(".", ",");
}

export const SPANISH: Language = { words: WORDS, problems: PROBLEMS, refusal, oddities: ODDITIES };
