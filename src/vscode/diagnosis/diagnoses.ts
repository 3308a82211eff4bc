import * as vscode from 'vscode';
import type { Disposable } from '../../base/event';
import { parseDiagnosisToHost } from '../../webview/protocol';
import type { CommandHandlers } from '../contributions';
import { createWebPage } from '../webPage';
import { Diagnosis, type DiagnosisPorts, type DiagnosisSubject } from './diagnosis';
import { findSubject, type SubjectPorts } from './subject';

export type DiagnosesDeps = Omit<DiagnosisPorts, 'post'> & SubjectPorts & { readonly extensionUri: vscode.Uri };

const VIEW_TYPE = 'sallyport.diagnosis';

/** The diagnoses of this window: an editor tab for each thing that is looked at. */
export class Diagnoses implements Disposable {
  readonly #deps: DiagnosesDeps;
  readonly #tabs = new Map<string, { readonly panel: vscode.WebviewPanel; readonly diagnosis: Diagnosis }>();

  constructor(deps: DiagnosesDeps) {
    this.#deps = deps;
  }

  get handlers(): Pick<CommandHandlers, 'diagnose'> {
    return {
      diagnose: async (argument) => {
        const subject = await findSubject(argument, this.#deps);
        if (subject) this.open(subject);
      },
    };
  }

  open(subject: DiagnosisSubject): void {
    const key = keyOf(subject);
    const existing = this.#tabs.get(key);
    if (existing) {
      existing.panel.reveal();
      void existing.diagnosis.run();
      return;
    }
    this.#create(key, subject);
  }

  dispose(): void {
    for (const { panel } of [...this.#tabs.values()]) panel.dispose();
  }

  #create(key: string, subject: DiagnosisSubject): void {
    const { extensionUri, ...ports } = this.#deps;
    const title = vscode.l10n.t('Diagnosis');
    const { panel, post, load } = createWebPage({ viewType: VIEW_TYPE, title, name: 'diagnosis', extensionUri });
    const diagnosis = new Diagnosis(subject, { ...ports, post });
    panel.title = diagnosis.page.title;
    this.#tabs.set(key, { panel, diagnosis });
    panel.webview.onDidReceiveMessage((value: unknown) => {
      const message = parseDiagnosisToHost(value);
      if (message) diagnosis.receive(message);
      else ports.logger.log('warn', 'diagnosis.messageRefused');
    });
    panel.onDidDispose(() => {
      this.#tabs.delete(key);
      diagnosis.dispose();
    });
    load();
  }
}

function keyOf(subject: DiagnosisSubject): string {
  switch (subject.kind) {
    case 'target':
      return `target ${subject.target.place.profile} ${subject.target.id} ${subject.endpoint?.host ?? ''}`;
    case 'tunnel':
      return `tunnel ${subject.tunnel.id}`;
    case 'bastion':
      return `bastion ${subject.bastion.place.profile} ${subject.bastion.id}`;
  }
}
