/** Every word of the offer to store files in the box, in Portuguese. */
import type { StoringLanguage } from "./english_storing";

const images = (count: number) => (count === 1 ? "1 imagem" : `${count.toLocaleString("pt-BR")} imagens`);

export const STORING: StoringLanguage = {
  offer: "Guardar no servidor",
  isStored: "Guardado no servidor",
  title: "Guardar este exame no servidor?",
  patient: "Paciente",
  patientId: "ID do paciente",
  birthDate: "Data de nascimento",
  study: "Exame",
  images: "Serão guardadas",
  amount: (count, series, megabytes) => `${images(count)} em ${series === 1 ? "1 série" : `${series.toLocaleString("pt-BR")} séries`} · ${megabytes}`,
  check: "Confira se é o paciente certo: o servidor arquiva as imagens com este nome. O que ele já tem é guardado uma só vez.",
  storeImages: (count) => `Guardar ${images(count)}`,
  notNow: "Agora não",
  storing: "Guardando no servidor",
  progress: (done, all, megabytes, allMegabytes) => `${done.toLocaleString("pt-BR")} de ${images(all)} · ${megabytes} de ${allMegabytes}`,
  stop: "Parar",
  allStored: (count) => (count === 1 ? "A imagem está guardada" : `As ${images(count)} estão guardadas`),
  someStored: (stored, all) => (stored === 0 ? "Nada foi guardado" : `Guardadas: ${stored.toLocaleString("pt-BR")} de ${images(all)}`),
  stopped: "Você parou. O que foi guardado fica; ao continuar, só o resto é enviado.",
  after: "Estão no disco do servidor, cifradas, e em segundos na lista de exames.",
  nothingChanged: "Os arquivos deste computador estão como estavam.",
  show: "Ver o exame",
  again: "Tentar o resto de novo",
  goOn: "Continuar",
  close: "Fechar",
  failed: "o servidor não conseguiu guardá-lo agora; tente de novo",
  refused: "O servidor não conseguiu receber os arquivos agora. Continue daqui a pouco.",
  reasons: {
    0x0117: "não diz o que é, ou a que exame pertence",
    0x0122: "é de um tipo que o servidor não guarda",
    0x0124: "sua permissão para guardar terminou durante o envio",
    0xa700: "o servidor não tem espaço para ele",
    0xa900: "contradiz-se sobre o que é",
    0xc000: "não é um arquivo DICOM, ou não pode ser lido",
  },
  statuses: {
    0: "O servidor não foi alcançado, ou os arquivos não podem mais ser lidos. Quando ambos estiverem de volta, continue.",
    401: "A tela foi bloqueada, ou sua sessão terminou. Desbloqueie aqui, ou entre em outra aba; depois continue.",
    403: "Sua conta não pode guardar imagens, ou esta página é antiga demais. Recarregue-a e escolha os arquivos de novo.",
    413: "Um arquivo é maior do que o servidor recebe.",
    503: "O servidor está ocupado ou bloqueado. Continue daqui a pouco.",
    507: "O servidor não tem espaço. Avise quem cuida dele.",
  },
};
