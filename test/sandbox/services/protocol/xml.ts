import type { Output, OutputValue } from './protocol';

/** Renders members as XML elements; an array repeats its element, and undefined gives none. */
export function renderXml(output: Output): string {
  return Object.entries(output)
    .map(([name, value]) => element(name, value))
    .join('');
}

function element(name: string, value: OutputValue): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return (value as readonly OutputValue[]).map((item) => element(name, item)).join('');
  if (value instanceof Date) return `<${name}>${value.toISOString()}</${name}>`;
  const content = typeof value === 'object' ? renderXml(value as Output) : escapeXml(String(value));
  return content === '' ? `<${name}/>` : `<${name}>${content}</${name}>`;
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')
    .replaceAll('\r', '&#xD;');
}
