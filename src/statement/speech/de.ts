// German. Legal terms as in the German text of Regulation (EU) 2022/2065: Begründung (Article 17), Beschwerde (Article 20).
import type { Speech } from './speech.ts'

const NUMBERS = ['null', 'eine', 'zwei', 'drei', 'vier', 'fünf']
const number = (count: number) => NUMBERS[count] ?? String(count)

/** After "von"; verb and number go together, so the clause about them is here and not in the template. */
function byPeople(count: number): string {
  if (count === 0) return 'niemandem'
  return count === 1
    ? 'einer Person, die an der Entscheidung nicht beteiligt war und sie nicht kannte,'
    : `${number(count)} Personen, die an der Entscheidung nicht beteiligt waren und sie nicht kannten,`
}

export const DE: Speech = {
  language: 'de',
  name: 'Deutsch',
  own: {
    appealUsed: 'Dies folgt aus Ihrer Beschwerde; eine weitere gibt es nicht.',
    finalDuration: 'Dies gilt auf Dauer.',
    foundInPicture:
      'Die Klausel gilt aufgrund dessen, was eine Person im Bild gefunden hat, wie oben gesagt, was immer verlangt war.',
    withdrawnDuration:
      'Das Bild wird auf Dauer nicht mehr herausgegeben, es sei denn, eine Beschwerde hebt dies auf; Kopien, die vorher abgerufen wurden, sind nicht betroffen.',
    personRead: 'Eine Person hat den Text gelesen und festgestellt, dass Regel {clause} auf ihn zutrifft.',
    purposeHeeded:
      'Was verlangt wurde, ist das, wogegen sich die Regel richtet, und der mit der Beschwerde angegebene Zweck ändert daran nichts.',
    earlierRule: 'sie stand in einer früheren Fassung der Richtlinie.',
    ownerScope: 'Nur dieses Bild.',
    ownerDuration:
      'Das Bild wird auf Dauer nicht mehr herausgegeben; Kopien, die vorher abgerufen wurden, sind nicht betroffen.',
    ownerFacts: 'Wem das Bild gehört, hat darum gebeten, es zurückzunehmen.',
    ownerGround: 'Die Bitte dessen, dem das Bild gehört.',
    ownerExplanation:
      'Wer ein Bild hat machen lassen, kann es jederzeit zurücknehmen und braucht dafür keinen Grund zu nennen.',
    ownerRedress: 'Wem das Bild gehört, hat selbst entschieden; eine Beschwerde gibt es daher nicht.',
  },
  bands: {
    matched: 'Treffer',
    low: 'niedrig',
    borderline: 'grenzwertig',
    elevated: 'erhöht',
    high: 'hoch',
    unscored: 'nicht bewertet',
  },
  phrases: (count) => `${count} ${count === 1 ? 'Ausdruck' : 'Ausdrücke'}`,
  none: 'keine',
  people: byPeople,
  found: (agreed, others) =>
    others === 0
      ? 'Dabei wurde festgestellt'
      : `Mit ${agreed === 1 ? 'einer Stimme' : `${number(agreed)} Stimmen`} gegen ${number(others)} wurde festgestellt`,
  notice: {
    titles: {
      prompt: 'Dieser Prompt wurde nicht angenommen',
      upload: 'Dieses Bild wurde nicht angenommen',
      withheld: 'Dieses Bild wurde zurückgehalten',
      withdrawn: 'Dieses Bild wurde zurückgenommen',
    },
    happened: {
      prompt: (id) => `Ihre Anfrage ${id} wurde abgelehnt, bevor etwas erzeugt wurde.`,
      upload: (id) => `Ihre Anfrage ${id} wurde wegen des mitgesendeten Bildes abgelehnt, bevor etwas erzeugt wurde.`,
      withheld: (id) => `Das Bild ${id} wurde erzeugt und dann zurückgehalten.`,
      withdrawn: (id) => `Das Bild ${id} war veröffentlicht und wurde dann zurückgenommen.`,
      takenBack: (id) => `Das Bild ${id} war veröffentlicht; wem es gehört, hat es zurückgenommen.`,
    },
    rule: (clause, category, rule) => `Regel ${clause} (${category}): ${rule}`,
    decided: {
      automated: 'Software hat dies gefunden, und eine Person hat entschieden.',
      manual: 'Eine Person hat dies gefunden, und eine Person hat entschieden.',
      notice: 'Jemand hat uns dies gemeldet, und eine Person hat entschieden.',
    },
    bySoftware: 'Software hat dies gefunden, und Software hat entschieden; keine Person hat es sich angesehen.',
    notCharged: 'Ihnen wurde nichts berechnet.',
    until: (appeal, until) => `${appeal} Die Frist endet am ${until}.`,
    quote: (id) => `Nennen Sie ${id}, wenn Sie uns schreiben.`,
  },
  frame: {
    skip: 'Zum Inhalt springen',
    main: 'Hauptmenü',
    playground: 'Ausprobieren',
    verify: 'Prüfen',
    reference: 'API',
    promise: 'Jedes Bild, das hinausgeht, wurde geprüft, mit Wasserzeichen versehen und signiert.',
    check: 'Ein Bild prüfen',
  },
  page: {
    title: 'Begründung',
    loading: 'Wird geladen …',
    languages: 'Sprache',
    binding:
      'Dies ist eine Übersetzung. Die Entscheidung selbst ist auf Englisch verfasst; maßgeblich ist der englische Text.',
    bindingLink: 'Auf Englisch lesen',
    noScript:
      'Diese Seite braucht JavaScript: Sie sendet den Teil des Links nach dem # selbst, damit kein Server ihn aufzeichnet. Ohne JavaScript antwortet GET /v1/statements/{id}, wenn dieser Teil als Darkroom-Statement-Secret gesendet wird.',
    appeal: 'Beschwerde',
    intro:
      'Sie können einmal kostenlos Beschwerde einlegen. Personen, die an der Entscheidung nicht beteiligt waren, prüfen sie noch einmal. Sie urteilen zuerst selbst und wissen dabei nur, wofür das Bild nach Ihrer Angabe gedacht war; danach lesen sie, was Sie hier schreiben, und können ihr Urteil noch ändern. Niemand sonst bekommt es zu sehen.',
    why: 'Warum sollte anders entschieden werden?',
    purpose: 'Wofür war es gedacht?',
    noPurpose: 'nichts davon',
    send: 'Beschwerde absenden',
  },
  reasons: {
    restricted: {
      request_refused: 'Die Anfrage wurde abgelehnt; es wurde nichts erzeugt.',
      image_withheld: 'Das fertige Bild wird nicht herausgegeben.',
      image_withdrawn: 'Das Bild war veröffentlicht und wird nicht mehr herausgegeben.',
    },
    rows: {
      decision: 'Entscheidung',
      decidedOn: 'Entschieden am',
      about: 'Betrifft',
      found: 'Gefunden',
      why: 'Warum',
      score: 'Bewertung',
      decidedBy: 'Entschieden von',
      reach: 'Umfang',
      where: 'Wo',
      ground: 'Grundlage',
      policy: 'Richtlinie',
      software: 'Software',
      madeOn: 'Erstellt am',
      charged: 'Berechnet',
      request: 'Anfrage',
      image: 'Bild',
      statement: 'Begründung',
    },
    bands: {
      low: 'niedrig',
      borderline: 'grenzwertig',
      elevated: 'erhöht',
      high: 'hoch',
      unscored: 'nicht bewertet',
    },
    deciders: {
      owner: 'Wer das Bild hat machen lassen.',
      bySoftware: 'Software hat es gefunden und Software hat entschieden; noch hat es sich keine Person angesehen.',
      automated: 'Software hat es gefunden und eine Person hat entschieden.',
      manual: 'Eine Person hat es gefunden und eine Person hat entschieden.',
      notice: 'Jemand hat es uns gemeldet und eine Person hat entschieden.',
    },
    band: 'Die Stufe war: {band}.',
    where: '{territory}. Die Regeln gelten für: {audience}.',
    rule: 'Regel {clause}.',
    since: '{policy}, in Kraft seit {day}',
    paid: 'Das Bild wurde bezahlt, als es veröffentlicht wurde.',
    nothing: 'Nichts.',
    inFinished: 'Im fertigen Bild.',
    inPrompt: 'Im Prompt, bevor etwas gezeichnet wurde.',
    inUpload: 'Im mitgesendeten Bild, bevor etwas gezeichnet wurde.',
    remedies: 'Was Sie tun können',
    until: 'Bis {day}.',
    wayToAppeal: 'Beschwerde einlegen',
    appealed: 'Die eine Beschwerde, die es gibt, wurde eingelegt.',
    quoted: 'zitiert, wie entschieden wurde, auf Englisch',
    economicArea: 'Europäischer Wirtschaftsraum',
    atFirst: 'Was zuerst entschieden wurde',
    fallen: 'Dies gilt nicht mehr. Wie über die Beschwerde entschieden wurde, steht oben.',
  },
  appeal: {
    states: {
      open: 'Ihre Beschwerde ist eingegangen. Personen, die an der Entscheidung nicht beteiligt waren, werden sie prüfen.',
      reviewing: 'Personen, die an der Entscheidung nicht beteiligt waren, prüfen Ihre Beschwerde.',
      upheld: 'Die Entscheidung wurde noch einmal geprüft und bleibt bestehen.',
      overturned: 'Die Entscheidung wurde aufgehoben.',
      partial: 'Der erste Grund wurde zurückgenommen, und ein anderer gilt.',
      omitted: 'Über die Beschwerde wurde nicht entschieden.',
      withdrawn: 'Die Beschwerde wurde zurückgenommen.',
    },
    received: 'Eingegangen',
    looking: 'Erneut geprüft',
    lookers: 'Von Personen, die an der Entscheidung nicht beteiligt waren.',
    decided: 'Entschieden',
    takenBack: 'Zurückgenommen',
    closed: 'Geschlossen',
    due: 'Spätestens am {day}.',
    late: 'Bis {day} hätte entschieden werden sollen. Es ist verspätet, und die Verantwortlichen des Dienstes wurden benachrichtigt.',
    answer: 'Die Antwort',
    newRequest: 'Die Anfrage wurde als {id} neu aufgenommen. Das kostet nichts.',
    released: 'Das Bild {id} ist freigegeben.',
    releasing: 'Das Bild {id} wird gerade gekennzeichnet und dann freigegeben.',
    unavailable: 'Das Bild {id} war freigegeben und ist nicht mehr verfügbar.',
    openResult: 'Öffnen',
    elsewhere: 'Sie erhalten es dort, wo Sie die Anfrage gestellt haben.',
    replaced: 'An die Stelle dieser Begründung ist eine andere getreten: {link}.',
    readReplacing: 'lesen',
    withdraw: 'Beschwerde zurücknehmen',
    sure: 'Die Entscheidung bleibt dann bestehen, und eine weitere Beschwerde ist nicht möglich.',
    yes: 'Endgültig zurücknehmen',
    no: 'Beschwerde behalten',
    left: 'Verbleibende Zeichen: {count}',
    tooMany: 'Zeichen zu viel: {count}',
    sayWhy: 'Sagen Sie, warum, in einem Satz oder mehr.',
    tooLong: 'Es darf höchstens {count} Zeichen haben.',
    odd: 'Darin steht ein Zeichen, das kein Text ist. Nehmen Sie es heraus und versuchen Sie es noch einmal.',
    oddPurpose: 'Dieser Zweck wird nicht angeboten. Wählen Sie einen anderen.',
    already:
      'Hiergegen wurde schon Beschwerde eingelegt; für jede Entscheidung gibt es eine. Was Sie geschrieben haben, wurde nicht gesendet und bleibt hier stehen, damit Sie es kopieren können.',
    tooLate:
      'Eine Beschwerde ist hier nicht mehr möglich. Was Sie geschrieben haben, wurde nicht gesendet und bleibt hier stehen, damit Sie es kopieren können.',
    gone: 'Worüber entschieden wurde, ist gelöscht; es gibt nichts mehr zu prüfen. Was Sie geschrieben haben, wurde nicht gesendet.',
    unreachable:
      'Es besteht keine Verbindung. Nichts ist verloren: Was Sie geschrieben haben, bleibt hier stehen. Versuchen Sie es gleich noch einmal.',
    tooOften:
      'Das war zu oft in kurzer Zeit. Was Sie geschrieben haben, bleibt hier stehen. Versuchen Sie es in einer Minute noch einmal.',
    failed:
      'Das hat nicht geklappt. Was Sie geschrieben haben, bleibt hier stehen. Versuchen Sie es gleich noch einmal.',
    notDone: 'Das hat nicht geklappt. Prüfen Sie Ihre Verbindung und versuchen Sie es gleich noch einmal.',
    over: 'Die Beschwerdefrist endete am {day}.',
    noSuch: 'Diese Begründung gibt es nicht',
    noSuchWhy: 'Der Link ist vielleicht unvollständig oder vertippt, oder die Begründung betrifft jemand anderen.',
    wholeLink: 'Öffnen Sie den ganzen Link, den Sie bekommen haben, mit allem, was nach dem # steht.',
    incomplete: 'Der Link ist unvollständig',
    incompleteWhy:
      'Was im Link nach dem # steht, fehlt. Es zeigt, dass die Begründung Sie betrifft; ein Konto brauchen Sie damit nicht.',
    askAgain:
      'Öffnen Sie den ganzen Link, den Sie bekommen haben, oder lassen Sie ihn sich noch einmal schicken. Wer einen Schlüssel dieses Dienstes hat, kann sich auch auf der ersten Seite anmelden.',
    notLoaded: 'Das Laden hat nicht geklappt',
    tryAgain: 'Noch einmal versuchen',
    asJson: 'Die Begründung als JSON',
    handOn: 'Der Link für Personen ohne Konto',
  },
}
