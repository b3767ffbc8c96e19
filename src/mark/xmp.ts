// The disclosure in XMP (ISO 16684-1), for readers that know no C2PA. It says what the manifest says and nothing more.
// IPTC Photo Metadata 2025.1 (source type, AI system), Dublin Core, PLUS (data mining), TC260 (GB 45438-2025).
import { type DisclosureSubject, disclosureOf, type TrainingMining } from './disclosure.ts'

/** PLUS License Data Format, the property DataMining. */
const DATA_MINING: Readonly<Record<TrainingMining, string>> = {
  allowed: 'DMI-ALLOWED',
  notAllowed: 'DMI-PROHIBITED',
  constrained: 'DMI-PROHIBITED-SEECONSTRAINT',
}

export function xmpFor(subject: DisclosureSubject): string {
  const told = disclosureOf(subject)
  const more = [
    bag('dc:publisher', told.provider),
    ...(told.verifyUrl === null ? [] : [bag('dc:relation', told.verifyUrl)]),
    ...(told.trainingMining === null
      ? []
      : [`<plus:DataMining>http://ns.useplus.org/ldf/vocab/${DATA_MINING[told.trainingMining]}</plus:DataMining>`]),
    ...(told.aigcLabel === null ? [] : [`<TC260:AIGC>${escapeXml(told.aigcLabel)}</TC260:AIGC>`]),
  ]
  return `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
    xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"
    xmp:CreatorTool="${escapeXml(`${told.system.name} ${told.system.version}`)}"
    xmp:CreateDate="${told.createdAt}"
    dc:identifier="${escapeXml(told.imageId)}"
    Iptc4xmpExt:DigitalSourceType="${told.digitalSourceType}"
    Iptc4xmpExt:AISystemUsed="${escapeXml(told.model.id)}"
    Iptc4xmpExt:AISystemVersionUsed="${escapeXml(told.model.version)}">
   ${more.join('\n   ')}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>`
}

function bag(property: string, value: string): string {
  return `<${property}><rdf:Bag><rdf:li>${escapeXml(value)}</rdf:li></rdf:Bag></${property}>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Characters that XML 1.0 cannot hold are left out. */
function escapeXml(value: string): string {
  return value
    .replace(/[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"']/g, (c) => ENTITIES[c] ?? '')
}
