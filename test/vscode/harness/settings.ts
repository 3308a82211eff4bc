import { writeFileSync } from 'node:fs';
import type { RunFolders } from './folders';

export type Settings = Readonly<Record<string, unknown>>;

/** Stops VS Code from greeting, recommending, updating and asking the network. */
export const QUIET_SETTINGS: Settings = {
  'workbench.startupEditor': 'none',
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  // Rows that stick to the top lie over the ones that a test wants to press.
  'workbench.tree.enableStickyScroll': false,
  'workbench.settings.enableNaturalLanguageSearch': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'update.showReleaseNotes': false,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.commandCenter.enabled': false,
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'git.autofetch': false,
  'json.schemaDownload.enable': false,
  'typescript.disableAutomaticTypeAcquisition': true,
  'window.menuBarVisibility': 'compact',
};

export type Theme = 'light' | 'dark' | 'highContrast';

// The ids without `Default` came later; a theme that a release does not know is ignored, which the driver notices.
const THEME_IDS: Readonly<Record<Theme, { readonly oldest: string; readonly newest: string }>> = {
  light: { oldest: 'Default Light Modern', newest: 'Light Modern' },
  dark: { oldest: 'Default Dark Modern', newest: 'Dark Modern' },
  highContrast: { oldest: 'Default High Contrast', newest: 'Default High Contrast' },
};

export function themeSettings(theme: Theme, release: 'oldest' | 'newest'): Settings {
  return { 'workbench.colorTheme': THEME_IDS[theme][release], 'window.autoDetectColorScheme': false, 'window.autoDetectHighContrast': false };
}

/** Writes the user settings, before VS Code is started. */
export function writeSettings(folders: RunFolders, settings: Settings): void {
  const text = JSON.stringify({ ...QUIET_SETTINGS, ...settings }, null, 2);
  for (const file of folders.settings) writeFileSync(file, text);
}
