/** Every word that the viewer shows, in Brazilian Portuguese. */
import type { Language, OddityWords } from "./english";

const WORDS: Language["words"] = {
  decimal: ",",
  back: "Voltar ao exame",
  tools: { cross: "Cruz", window: "Brilho", pan: "Mover", zoom: "Zoom", scroll: "Percorrer", length: "Distância", angle: "Ângulo" },
  toolHints: {
    cross: "Clique ou arraste para mover a cruz; arraste a ponta de uma linha para girar os planos (C)",
    length: "Arraste de um ponto a outro para medir (L)",
    angle: "Clique em três pontos; o segundo é o vértice (A)",
    window: "Arraste para os lados para o contraste, para cima e para baixo para o brilho (W)",
    pan: "Arraste para mover a imagem (P)",
    zoom: "Arraste para cima para ampliar, para baixo para reduzir (Z)",
    scroll: "Arraste para percorrer as imagens (S)",
  },
  cells: { axial: "Axial", coronal: "Coronal", sagittal: "Sagital", solid: "3D" },
  layouts: { all: "Planos e 3D", main: "Um grande e três", row: "Planos lado a lado", axial: "Corte axial", coronal: "Corte coronal", sagittal: "Corte sagital", solid: "3D", images: "Imagens originais" },
  layout: "Disposição",
  slab: "Espessura do corte",
  slabs: { mean: "Média", most: "Máximo", least: "Mínimo" },
  slabKind: "O que um corte espesso mostra",
  slabPreset: "Espessura predefinida",
  slabPresets: {
    "": "Espessura própria",
    "mean 0": "Fino",
    "mean 1": "Média 1 mm",
    "mean 3": "Média 3 mm",
    "most 5": "Máximo 5 mm",
    "most 10": "Máximo 10 mm",
    "most 20": "Máximo 20 mm",
    "least 3": "Mínimo 3 mm",
  },
  thin: "fino",
  looks: { bone: "Osso", teeth: "Dentes", skin: "Pele", brightest: "Intensidade máxima" },
  look: "O que o 3D mostra",
  oblique: "girado",
  clear: "Remover as medições (Delete)",
  noSize: "Esta imagem não informa o tamanho dos seus pixels: aqui não é possível medir distâncias, apenas ângulos.",
  measuredAt: { detector: "no detector", scanned: "no filme" },
  spacings: {
    patient: "",
    fiducial: "Calibrada com um objeto de tamanho conhecido",
    geometry: "Calibrada pela magnificação da exposição",
    calibrated: "Calibrada; a imagem não informa como",
    detector: "Sem calibração: as distâncias são no detector; no paciente são menores",
    scanned: "Sem calibração: as distâncias são no filme digitalizado",
    unsaid: "Tamanho do pixel conforme a imagem, que não informa como foi obtido",
    none: "Tamanho do pixel desconhecido: distâncias não são medidas",
  },
  noLength: "Aqui não é possível medir",
  planeMoved: "O plano havia mudado: comece a medida de novo aqui",
  noScale: "sem escala",
  falseSides: "Esquerda e direita desconhecidas: o que a imagem informa é impossível",
  series: "Séries deste exame",
  seriesHint: "Séries deste exame (T)",
  informationHint: "Informações da imagem (D)",
  list: "Medições",
  listHint: "Medições (M)",
  noMarks: "Nada foi medido ainda. Escolha distância ou ângulo.",
  marksStay: "As medições ficam nesta aba até que você a feche ou saia. O servidor não as guarda.",
  kinds: { length: "Distância", angle: "Ângulo" },
  removeMark: "Remover",
  markName: "Nome",
  side: "3D visto de",
  sides: { front: "Frente", right: "Direita", left: "Esquerda", back: "Trás", above: "Acima", below: "Abaixo" },
  resetBody: "Restaurar o 3D",
  presets: "Janela predefinida",
  matters: { bone: "Osso", teeth: "Dentes", endo: "Canais radiculares", soft: "Tecidos moles" },
  ownWindow: "Ajustada à mão",
  invert: "Inverter preto e branco (I)",
  reset: "Restaurar a imagem (R)",
  fullScreen: "Tela cheia (F)",
  help: "Teclas e gestos (?)",
  slider: "Imagem",
  notForDiagnosis: "Não destinado a diagnóstico",
  loading: "Carregando a série",
  padding: "sem valor aqui",
  coarse: (factor: number) => `Mostrado a 1/${String(factor)} da resolução: a memória gráfica deste dispositivo é insuficiente. As leituras são exatas.`,
  notFetched: "Isto não pôde ser buscado no servidor. Tente de novo em instantes.",
  lost: "A placa gráfica foi interrompida. A imagem volta sozinha.",
  noGraphics: "Este navegador não consegue desenhar as imagens: o WebGL2 não existe ou está desativado. Outro navegador resolve, ou ativar a aceleração gráfica nas configurações.",
  crashed: "O visualizador parou. Carregue a página de novo.",
  broken: "A conexão com o servidor foi interrompida. O que já tinha chegado é mostrado; carregue a página de novo para ver o resto.",
  brokenIndex: "Esta série não tem uma forma que este visualizador entenda. Carregue a página de novo.",
  empty: "Esta série não contém imagens.",
  nearest: (wanted: number) => `a imagem ${String(wanted)} está carregando`,
  coming: {
    coarse: (come: number, count: number) => `Visão preliminar: ${String(come)} de ${String(count)} cortes`,
    images: (come: number, count: number) => `${String(come)} de ${String(count)} imagens`,
    about: (seconds: number) => (seconds < 60 ? `cerca de ${String(seconds)} s` : `cerca de ${String(seconds / 60)} min`),
    cut: "A conexão foi interrompida e está sendo retomada",
    cutFor: (seconds: number) => `A conexão foi interrompida. Ela é retomada em ${String(seconds)} s`,
    changed: "Chegaram novas imagens desta série. Carregue a página de novo para vê-las.",
    noValue: "visão preliminar, ainda sem valor",
  },
  missing: (count: number) => (count === 1 ? "1 imagem não pode ser mostrada" : `${String(count)} imagens não podem ser mostradas`),
  cannotShow: (image: number) => `A imagem ${String(image)} não pode ser mostrada`,
  imageOf: (image: number, count: number) => `Imagem ${String(image)} de ${String(count)}`,
  zoomed: (percent: number) => `Zoom ${String(percent)} %`,
  centreWidth: (centre: string, width: string) => `Centro ${centre}  Largura ${width}`,
  columnRow: (column: number, row: number) => `coluna ${String(column)}, linha ${String(row)}`,
  colour: (values: string) => `Vermelho, verde, azul ${values}`,
  grey: (value: string) => `Valor de cinza ${value}`,
  previous: "Imagem anterior",
  next: "Próxima imagem",
  scannersOwn: "Do aparelho",
  windows: { Automatic: "Automática", Everything: "Toda a faixa" },
};

const PROBLEMS: Language["problems"] = {
  "no-picture": "Não contém uma imagem: é um laudo, um documento ou uma medição. É mantida sem alterações.",
  syntax: "Está codificada de uma forma que este visualizador não consegue abrir. É mantida sem alterações.",
  damaged: "Está danificada.",
  kind: "Este visualizador não conhece este tipo de imagem. É mantida sem alterações.",
  size: "Ela diz ser maior do que qualquer imagem que este visualizador pode mostrar.",
  frames: "Diz conter mais imagens do que cabem no seu arquivo. O arquivo é mantido sem alterações.",
  unreadable: "O servidor não conseguiu lê-la neste momento. Abra a série de novo; se continuar assim, avise quem cuida do servidor.",
};

function refusal(status: number): string {
  if (status === 401) return "Sua sessão terminou. Entre e abra a série de novo.";
  if (status === 403) return "Você não pode ver esta série. Fale com um administrador da sua clínica.";
  if (status === 404 || status === 410) return "Esta série não está mais no servidor.";
  if (status === 423 || status === 503) return "O servidor está bloqueado. Ele continua recebendo exames; desbloqueie-o para vê-los.";
  if (status === 429) return "O servidor está ocupado. Tente de novo daqui a pouco.";
  return `O servidor não conseguiu entregar esta série (status ${String(status)}).`;
}

const ODDITIES: OddityWords = {
  "left-out": ({ count }) => (count === 1 ? "1 imagem não faz parte do volume." : `${String(count)} imagens não fazem parte do volume.`),
  duplicates: ({ count }) => (count === 1 ? "1 corte está onde já há outro; o primeiro é mostrado." : `${String(count)} cortes estão onde já há outro; o primeiro é mostrado.`),
  missing: ({ count }) => (count === 1 ? "Falta 1 corte; seu lugar fica em preto." : `Faltam ${String(count)} cortes; seu lugar fica em preto.`),
  irregular: ({ least, most }) => `Os cortes estão separados entre ${millimetres(least)} e ${millimetres(most)}: nada é medido através deles.`,
  sideways: ({ mm }) => `Há cortes até ${millimetres(mm)} fora da linha dos demais: nada é medido através dos cortes.`,
  tilted: ({ degrees }) => `O aparelho estava inclinado ${comma(degrees, 1)}°; os cortes foram endireitados.`,
  "no-positions": ({ mm, said }) =>
    said
      ? `As imagens não informam sua posição; estão separadas por ${millimetres(mm)}, segundo o aparelho. Não se sabe qual extremidade é qual.`
      : "As imagens não informam sua posição nem quanto se separam: nada é medido através dos cortes e não se sabe qual extremidade é qual.",
  "no-orientation": () => "As imagens não informam sua orientação: esquerda e direita não são conhecidas.",
  "false-orientation": () => "O que as imagens informam da sua orientação é impossível: esquerda e direita não são conhecidas.",
  "not-of-patient": ({ at }) => `Os tamanhos são conhecidos só ${at === "detector" ? "no detector" : "no filme digitalizado"}, não no paciente: nada é medido.`,
  "no-spacing": () => "As imagens não informam o tamanho de um pixel: nada é medido.",
  anisotropic: ({ least, most }) => `Os voxels medem ${millimetres(least)} por ${millimetres(most)}: em uma direção se vê menos.`,
};

function millimetres(value: number): string {
  return `${comma(value, 2)} mm`;
}

function comma(value: number, digits: number): string {
  return value.toFixed(digits).replace(".", ",");
}

export const PORTUGUESE: Language = { words: WORDS, problems: PROBLEMS, refusal, oddities: ODDITIES };
