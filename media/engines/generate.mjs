// Draws the icons of the engines: `node media/engines/generate.mjs` writes them, `--check` tells whether they are as drawn.
// They are geometric signs of our own and no product's mark. Shape tells the engine and colour the family, so that nobody
// depends on the colour; every stroke is at least 1.2 px wide in a box of 16.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));

/** Contrast of at least 4.5 to 1 against the side bars of VS Code's own themes, high contrast included. */
const COLOURS = {
  cache: { light: '#0B6E69', dark: '#4CC9BF' },
  relational: { light: '#1F5FA8', dark: '#75B5F5' },
  document: { light: '#7A3E9D', dark: '#C89BEA' },
  analytics: { light: '#8F4A00', dark: '#F0AC5D' },
  broker: { light: '#3F6B12', dark: '#A3D36A' },
};

const BOX = '<rect x="1.75" y="1.75" width="12.5" height="12.5" rx="2.5"/>';
const CYLINDER = '<ellipse cx="8" cy="3.6" rx="5.25" ry="2"/><path d="M2.75 3.6v8.8c0 1.1 2.35 2 5.25 2s5.25-.9 5.25-2V3.6"/>';
const dot = (x, y, r = 1) => `<circle cx="${x}" cy="${y}" r="${r}" fill="INK" stroke="none"/>`;
const path = (d) => `<path d="${d}"/>`;

/** File name → family, and what is drawn with strokes; INK is the colour. */
const ICONS = {
  // Caches: something in a box.
  redis: ['cache', BOX + path('M8.9 4 5.6 8.6h4.8L7.1 12')],
  valkey: ['cache', `${BOX}<circle cx="6" cy="8" r="1.9"/>${path('M7.9 8h4M10.6 8v1.9')}`],
  memcached: ['cache', BOX + path('M5 5v6M8 5v6M11 5v6')],
  cache: ['cache', path('M8 2 14 5 8 8 2 5zM2 8l6 3 6-3M2 11l6 3 6-3')],
  // Relational databases: something on a cylinder.
  database: ['relational', CYLINDER + path('M2.75 8c0 1.1 2.35 2 5.25 2s5.25-.9 5.25-2')],
  postgres: ['relational', CYLINDER + path('M8 7.4v4.4M5.8 9.6h4.4')],
  mysql: ['relational', CYLINDER + path('M4.9 10.2c1-1.6 2.1-1.6 3.1 0s2.1 1.6 3.1 0')],
  mariadb: ['relational', CYLINDER + path('M4.9 8.7c1-1.4 2.1-1.4 3.1 0s2.1 1.4 3.1 0M4.9 11.6c1-1.4 2.1-1.4 3.1 0s2.1 1.4 3.1 0')],
  oracle: ['relational', CYLINDER + path('M8 7.4 10.4 9.8 8 12.2 5.6 9.8z')],
  sqlserver: ['relational', CYLINDER + path('M5 8.3h6M5 10.8h6M8 7v5')],
  db2: ['relational', CYLINDER + dot(6, 9.8, 1.15) + dot(10, 9.8, 1.15)],
  proxy: ['relational', path('M2 5.25h11M10.2 2.5 13 5.25 10.2 8M14 10.75H3M5.8 8 3 10.75l2.8 2.75')],
  // Documents and graphs.
  docdb: ['document', path('M5.6 2.2C4.2 2.2 4 3 4 4.4v1.8C4 7.2 3.4 8 2.2 8 3.4 8 4 8.8 4 9.8v1.8c0 1.4.2 2.2 1.6 2.2M10.4 2.2C11.8 2.2 12 3 12 4.4v1.8c0 1 .6 1.8 1.8 1.8-1.2 0-1.8.8-1.8 1.8v1.8c0 1.4-.2 2.2-1.6 2.2') + dot(8, 8, 1.2)],
  neptune: ['document', '<circle cx="8" cy="3.4" r="1.9"/><circle cx="3.6" cy="12" r="1.9"/><circle cx="12.4" cy="12" r="1.9"/>' + path('M7.1 5.1 4.5 10.3M8.9 5.1l2.6 5.2M5.5 12h5')],
  // Analysis and search.
  redshift: ['analytics', path('M2 14h12M3.5 14V9M6.5 14V5M9.5 14V7.5M12.5 14V2.5')],
  opensearch: ['analytics', '<circle cx="6.9" cy="6.9" r="4.4"/>' + path('M10.2 10.2 14 14M5 5.8h3.8M5 8h2.2')],
  // Brokers: something that moves.
  rabbitmq: ['broker', '<rect x="1.75" y="4.75" width="12.5" height="6.5" rx="1.5"/>' + path('M4.6 8h6M8.8 6.2 10.6 8 8.8 9.8')],
  activemq: ['broker', path('M3 4.2h7.6a2.9 2.9 0 0 1 0 5.8H8M5.4 1.8 3 4.2l2.4 2.4') + dot(3.6, 12.4, 1.3) + dot(8, 12.4, 1.3) + dot(12.4, 12.4, 1.3)],
  kafka: ['broker', path('M2 3.5h4.2M9.4 3.5H14M2 8h7.4M12.6 8H14M2 12.5h2.2M7.4 12.5H14')],
};

function svg(family, drawing, theme) {
  const colour = COLOURS[family][theme];
  const body = drawing.replaceAll('INK', colour);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="${colour}" stroke-width="1.3" stroke-linecap="round" stroke-linejoin="round">${body}</svg>\n`;
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

const check = process.argv.includes('--check');
for (const [name, [family, drawing]] of Object.entries(ICONS)) {
  for (const theme of ['light', 'dark']) {
    const file = join(folder, `${name}-${theme}.svg`);
    const drawn = svg(family, drawing, theme);
    if (!check) writeFileSync(file, drawn);
    else if (read(file)?.replaceAll('\r\n', '\n') !== drawn) {
      process.stderr.write(`${name}-${theme}.svg is not as it is drawn: run media/engines/generate.mjs\n`);
      process.exitCode = 1;
    }
  }
}
