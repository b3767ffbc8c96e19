// Sentences of statements and answers that are the service's own and not the policy's, in the language that they are decided in. Every
// language of speech/ translates all of them; `{clause}` is a place.

export const OWN = {
  appealUsed: 'This follows from your appeal, which was the one that there is.',
  finalDuration: 'This is for good.',
  /** A clause may speak of what a text asks for; a person has judged the picture. */
  foundInPicture:
    'The clause applies because of what a person found in the picture, as said above, whatever was asked for.',
  withdrawnDuration:
    'The picture is no longer handed out, for good, unless an appeal overturns this; copies that were fetched before are not affected.',
  /** What a person reads has neither phrases that matched nor anything to choose from a picture. */
  personRead: 'A person read the text and found that rule {clause} applies to it.',
  /** Of a text whose rule heeds what it is for: the rule's own explanation may say that no purpose was declared. */
  purposeHeeded:
    'What was asked for is what the rule is against, and the purpose that was declared with the appeal does not change that.',
  earlierRule: 'it was in an earlier version of the policy.',
  ownerScope: 'This picture alone.',
  ownerDuration: 'The picture is no longer handed out, for good; copies that were fetched before are not affected.',
  ownerFacts: 'The owner of the picture asked for it to be taken back.',
  ownerGround: 'The request of the owner of the picture.',
  ownerExplanation: 'Whoever had a picture made may take it back at any time and needs to give no reason.',
  ownerRedress: 'The owner took this decision, so there is nothing to appeal.',
} as const

export type OwnSentences = Readonly<Record<keyof typeof OWN, string>>
