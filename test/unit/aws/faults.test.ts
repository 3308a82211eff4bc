import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { describeFault, Fault, isCancelled } from '../../../src/base/fault';
import { awsFault, isTransient, noCredentialsFault, refusesCredentials } from '../../../src/aws/faults';
import type { FaultContext } from '../../../src/aws/faults';

const context: FaultContext = { action: 'ec2:DescribeInstances', profile: 'dev', region: 'eu-central-1' };

/** An exception as the SDK throws it. */
function thrown(name: string, message: string, status = 400, more: object = {}): Error {
  return Object.assign(new Error(message), { name, $fault: 'client', $metadata: { httpStatusCode: status, requestId: 'r-1' } }, more);
}

/** An error as Node's sockets give it. */
function errno(code: string, more: object = {}): Error {
  return Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' }, more);
}

const RECORDED: readonly [what: string, error: unknown, code: string][] = [
  ['expired session token, query protocol', thrown('ExpiredToken', 'The security token included in the request is expired', 403), 'aws.expiredCredentials'],
  ['expired session token, JSON protocol', thrown('ExpiredTokenException', 'The security token included in the request is expired'), 'aws.expiredCredentials'],
  ['expired session token, EC2', thrown('RequestExpired', 'Request has expired.'), 'aws.expiredCredentials'],
  ['stale request', thrown('RequestExpired', 'Request is older than 15 minutes.'), 'aws.clockSkew'],
  [
    'SSO token absent',
    thrown('CredentialsProviderError', "The SSO session token associated with profile=dev was not found or is invalid. To refresh this SSO session run 'aws sso login' with the corresponding profile.", 0),
    'aws.expiredCredentials',
  ],
  ['SSO token expired', thrown('CredentialsProviderError', "Token is expired. To refresh this SSO session run 'aws sso login' with the corresponding profile.", 0), 'aws.expiredCredentials'],
  ['SSO token revoked', thrown('CredentialsProviderError', 'UnauthorizedException: Session token not found or invalid', 0), 'aws.expiredCredentials'],
  ['no role for the SSO user', thrown('CredentialsProviderError', 'ForbiddenException: No access', 0), 'aws.accessDenied'],
  ['login session ended', thrown('CredentialsProviderError', 'Your session has expired. Please reauthenticate.', 0), 'aws.expiredCredentials'],
  ['credential process gave stale credentials', thrown('CredentialsProviderError', 'Profile dev credential_process returned expired credentials.', 0), 'aws.expiredCredentials'],
  ['no role at the portal', thrown('ForbiddenException', 'No access', 403), 'aws.accessDenied'],
  ['sign-in behind a proxy', thrown('CredentialsProviderError', 'Fault: The proxy proxy:3128 demands a login.', 0), 'proxy.signIn'],
  ['profile without credentials', thrown('CredentialsProviderError', 'Could not resolve credentials using profile: [base] in configuration/credentials file(s).', 0), 'aws.noCredentials'],
  ['no instance metadata', thrown('ProviderError', 'TimeoutError from instance metadata service', 0), 'aws.noCredentials'],
  ['unsigned request', thrown('MissingAuthenticationToken', 'Request is missing Authentication Token', 403), 'aws.noCredentials'],
  ['deleted key, query protocol', thrown('InvalidClientTokenId', 'The security token included in the request is invalid.', 403), 'aws.invalidKey'],
  ['deleted key, JSON protocol', thrown('UnrecognizedClientException', 'The security token included in the request is invalid.'), 'aws.invalidKey'],
  ['deleted key, EC2', thrown('AuthFailure', 'AWS was not able to validate the provided access credentials', 401), 'aws.invalidKey'],
  ['wrong secret, query protocol', thrown('SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided.', 403), 'aws.invalidKey'],
  ['wrong secret, JSON protocol', thrown('InvalidSignatureException', 'The request signature we calculated does not match the signature you provided.'), 'aws.invalidKey'],
  ['clock behind, query protocol', thrown('SignatureDoesNotMatch', 'Signature expired: 20250101T000000Z is now earlier than 20250101T001000Z (20250101T001500Z - 5 min.)', 403), 'aws.clockSkew'],
  ['clock ahead, JSON protocol', thrown('InvalidSignatureException', 'Signature not yet current: 20250101T003000Z is still later than 20250101T001000Z'), 'aws.clockSkew'],
  ['clock, others', thrown('RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.', 403), 'aws.clockSkew'],
  ['throttled, EC2', thrown('RequestLimitExceeded', 'Request limit exceeded.', 503), 'aws.throttled'],
  ['throttled, query protocol', thrown('Throttling', 'Rate exceeded'), 'aws.throttled'],
  ['throttled, JSON protocol', thrown('ThrottlingException', 'Rate exceeded'), 'aws.throttled'],
  ['service not signed up for, query protocol', thrown('OptInRequired', 'The AWS Access Key Id needs a subscription for the service', 403), 'aws.notSubscribed'],
  ['service not signed up for, JSON protocol', thrown('SubscriptionRequiredException', 'The AWS Access Key Id needs a subscription for the service'), 'aws.notSubscribed'],
  ['throttled by status alone', thrown('Unknown', 'UnknownError', 429), 'aws.throttled'],
  ['service failure', thrown('InternalFailure', 'We encountered an internal error', 500), 'aws.serviceError'],
  ['gateway failure', thrown('Unknown', 'UnknownError', 503), 'aws.serviceError'],
  ['no such host', errno('ENOTFOUND', { hostname: 'ec2.eu-central-1.amazonaws.com' }), 'aws.unreachable'],
  ['refused', errno('ECONNREFUSED'), 'aws.unreachable'],
  ['refused on every address', Object.assign(new AggregateError([errno('ECONNREFUSED'), errno('ENETUNREACH')], ''), {}), 'aws.unreachable'],
  ['reset', errno('ECONNRESET'), 'aws.unreachable'],
  ['SDK time-out', Object.assign(new Error('Connection timed out after 5000 ms'), { name: 'TimeoutError' }), 'aws.unreachable'],
  ['wrapped errno', new Error('request failed', { cause: errno('EHOSTUNREACH') }), 'aws.unreachable'],
  ['sign-in service down', thrown('CredentialsProviderError', 'Error: getaddrinfo ENOTFOUND portal.sso.eu-central-1.amazonaws.com', 0), 'aws.unreachable'],
  ['inspected TLS', Object.assign(new Error('self-signed certificate in certificate chain'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }), 'aws.untrustedCertificate'],
  ['instance unknown to Instance Connect', thrown('EC2InstanceNotFoundException', 'Instance not found'), 'instanceConnect.notFound'],
  ['instance stopped', thrown('EC2InstanceStateInvalidException', 'Instance is stopped'), 'instanceConnect.notRunning'],
  ['instance not ready for keys', thrown('EC2InstanceUnavailableException', 'Wait', 503), 'instanceConnect.unavailable'],
  ['instance without Instance Connect', thrown('EC2InstanceTypeInvalidException', 'Type'), 'instanceConnect.unsupported'],
  ['arguments of Instance Connect', thrown('InvalidArgsException', 'Invalid SSH public key.'), 'instanceConnect.invalid'],
  ['no access to the instance', thrown('AuthException', 'Either your AWS credentials are not valid'), 'aws.accessDenied'],
  ['failure of Instance Connect', thrown('ServiceException', 'The service encountered an error', 500), 'aws.serviceError'],
  ['agent offline', thrown('TargetNotConnected', 'i-0abc is not connected.'), 'ssm.targetNotConnected'],
  ['unknown document', thrown('InvalidDocument', 'Document with name X does not exist.'), 'ssm.invalidDocument'],
  ['anything else', thrown('ValidationException', '1 validation error detected'), 'aws.unexpected'],
  ['no error at all', 'boom', 'aws.unexpected'],
  ['undefined', undefined, 'aws.unexpected'],
];

describe('faults of AWS', () => {
  for (const [what, error, code] of RECORDED) {
    it(`turns "${what}" into ${code}, in one sentence with a next step`, () => {
      const fault = awsFault(error, context);
      assert.equal(fault.code, code);
      assert.match(fault.message, /^[A-Z].*\.$|failed: /);
      assert.ok(fault.remedy && /[.]$/.test(fault.remedy.text), 'has a remedy');
      assert.equal(fault.cause, error);
    });
  }

  it('lets Faults pass and turns an aborted request into a cancellation', () => {
    const own = new Fault('aws.noRegion', 'x');
    assert.equal(awsFault(own, context), own);
    assert.ok(isCancelled(awsFault(Object.assign(new Error('Request aborted'), { name: 'AbortError' }), context)));
  });

  it('repeats only what can pass by itself within seconds, and drops credentials only when they were refused', () => {
    const transient = RECORDED.filter(([, error]) => isTransient(awsFault(error, context))).map(([, , code]) => code);
    assert.deepEqual(new Set(transient), new Set(['aws.throttled', 'aws.serviceError', 'aws.unreachable']));
    const refused = RECORDED.filter(([, error]) => refusesCredentials(awsFault(error, context))).map(([, , code]) => code);
    assert.deepEqual(new Set(refused), new Set(['aws.expiredCredentials', 'aws.invalidKey']));
    for (const [what, error, code] of RECORDED) {
      if (/Credentials|invalidKey|accessDenied|clockSkew|mfa/.test(code)) assert.equal(awsFault(error, context).retryable, false, what);
    }
  });

  it('takes what is not found for gone only where a list has just named it', () => {
    const gone = thrown('NotFoundException', "Can't find requested broker [b-1].", 404);
    const code = (error: unknown, action: string): string => awsFault(error, { ...context, action }).code;
    assert.equal(code(gone, 'mq:DescribeBroker'), 'aws.notFound');
    assert.equal(code(gone, 'kafka:GetBootstrapBrokers'), 'aws.notFound');
    assert.equal(code(thrown('ResourceNotFoundException', 'Domain not found: logs', 409), 'es:DescribeDomains'), 'aws.notFound');
    assert.equal(code(gone, 'kms:GenerateDataKey'), 'ssm.keyUnusable');
    assert.equal(code(gone, 'credentials'), 'aws.unexpected');
    const { message, remedy } = awsFault(gone, { ...context, action: 'mq:DescribeBroker' });
    assert.match(`${message} ${remedy?.text}`, /^[A-Z].*\.$/);
  });

  describe('access denied', () => {
    const user = 'User: arn:aws:iam::111122223333:user/dora is not authorized to perform:';

    it('names the action and the resource of AWS\'s sentence', () => {
      const fault = awsFault(
        thrown(
          'AccessDeniedException',
          `${user} ssm:StartSession on resource: arn:aws:ec2:eu-central-1:111122223333:instance/i-0abc because no identity-based policy allows the ssm:StartSession action`,
        ),
        { ...context, action: 'ssm:StartSession' },
      );
      assert.equal(fault.message, 'No permission for ssm:StartSession on arn:aws:ec2:eu-central-1:111122223333:instance/i-0abc with AWS profile "dev".');
      assert.match(fault.remedy?.text ?? '', /Add ssm:StartSession/);
    });

    it('believes AWS about the action: the credentials of a call may need another one', () => {
      const fault = awsFault(thrown('AccessDenied', `${user} sts:AssumeRole on resource: arn:aws:iam::1:role/R`, 403), context);
      assert.match(fault.message, /^No permission for sts:AssumeRole on arn:aws:iam::1:role\/R /);
    });

    it('falls back to the action that was called', () => {
      const fault = awsFault(thrown('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403), context);
      assert.equal(fault.message, 'No permission for ec2:DescribeInstances with AWS profile "dev".');
    });

    it('says when a policy denies it outright', () => {
      const fault = awsFault(
        thrown('AccessDeniedException', `${user} ec2:DescribeInstances with an explicit deny in a service control policy`),
        context,
      );
      assert.match(fault.message, /denied by a service control policy/);
      assert.doesNotMatch(fault.remedy?.text ?? '', /Add ec2/);
    });
  });

  it('names the command that signs in, for the profile that holds the session, quoted for a shell', () => {
    const signIn = { command: 'aws sso login', profile: 'my base' } as const;
    const fault = awsFault(thrown('CredentialsProviderError', 'Token is expired. aws sso login', 0), { ...context, signIn });
    assert.match(describeFault(fault), /`aws sso login --profile 'my base'`/);
    assert.equal(fault.remedy?.action, 'signIn');
  });

  it('says whose credentials are missing when a profile borrows them', () => {
    const error = thrown('CredentialsProviderError', 'Could not resolve credentials using profile: [base] in configuration/credentials file(s).', 0);
    assert.match(awsFault(error, context).message, /"dev".*"base"/);
    assert.doesNotMatch(noCredentialsFault('dev').message, /takes them/);
  });

  it('names the bastion that is not connected and lets the tunnel try again', () => {
    const fault = awsFault(thrown('TargetNotConnected', 'i-0abc is not connected.'), { ...context, action: 'ssm:StartSession', subject: 'i-0abc' });
    assert.match(fault.message, /i-0abc is not connected/);
    assert.equal(fault.retryable, true);
    assert.equal(isTransient(fault), false);
  });

  it('bounds what it quotes of an unknown error', () => {
    assert.ok(awsFault(thrown('Weird', 'x'.repeat(10_000)), context).message.length < 400);
  });

  it('says what is wrong with a secret, and which permission its key needs', () => {
    const of = (name: string, message = ''): Fault => awsFault(thrown(name, message), { ...context, action: 'secretsmanager:GetSecretValue', subject: 'shop/cache' });
    const codes = ['ResourceNotFoundException', 'InvalidRequestException', 'DecryptionFailure', 'InvalidParameterException'].map((name) => of(name).code);
    assert.deepEqual(codes, ['secrets.notFound', 'secrets.unusable', 'secrets.unusable', 'secrets.notFound']);
    assert.match(of('DecryptionFailure').message, /^Secret "shop\/cache" cannot be decrypted with its KMS key in eu-central-1\.$/);
    assert.match(of('AccessDeniedException', 'Access to KMS is not allowed').message, /^No permission for kms:Decrypt /);
  });
});
