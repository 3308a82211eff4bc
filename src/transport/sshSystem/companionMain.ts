// A program of its own (dist/ssh-companion.js), run by the Node of the extension host; imports nothing of ours.
//   askpass PROMPT   what OpenSSH starts to ask for a secret: passes the prompt on and prints the answer
//   watch PID FOLDER outlives the process that started it: ends what that one left behind (Windows)
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

const MAX_ANSWER = 64 * 1024;

function askpass(prompt: string): void {
  const { SALLYPORT_ASKPASS_SOCKET: path = '', SALLYPORT_ASKPASS_TOKEN: token = '', SSH_ASKPASS_PROMPT: hint = '' } = process.env;
  const socket = connect(path);
  let text = '';
  socket.setEncoding('utf8');
  socket.on('connect', () => socket.write(`${JSON.stringify({ token, prompt, hint })}\n`));
  socket.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > MAX_ANSWER) socket.destroy();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    const answer = parse(text);
    // Set and not called with exit(): what is printed has to get through the pipe first.
    process.exitCode = answer === undefined ? 1 : 0;
    if (answer !== undefined) process.stdout.write(`${answer}\n`);
  });
}

function parse(text: string): string | undefined {
  if (!text.endsWith('\n')) return undefined;
  const answer: unknown = JSON.parse(text);
  return typeof answer === 'string' ? answer : undefined;
}

function watch(pid: string, folder: string): void {
  let released = false;
  process.stdin.on('data', () => (released = true));
  process.stdin.on('error', () => {});
  process.stdin.on('close', () => {
    if (released) return;
    const taskkill = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'taskkill.exe');
    spawnSync(taskkill, ['/PID', pid, '/T', '/F'], { stdio: 'ignore', windowsHide: true });
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
}

const [what, first = '', second = ''] = process.argv.slice(2);
if (what === 'askpass') askpass(first);
else if (what === 'watch') watch(first, second);
else process.exitCode = 2;
