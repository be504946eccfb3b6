// Image assets over one directory: synthesis makes their fingerprints and the copies in the cloud assembly.
const fs = require('fs');
const cdk = require('aws-cdk-lib');
const assets = require('aws-cdk-lib/aws-ecr-assets');

const job = JSON.parse(process.env.BENCH_JOB);
const app = new cdk.App({ outdir: job.out, analyticsReporting: false });
const stack = new cdk.Stack(app, 'bench', {
  env: { account: job.account, region: job.region },
  synthesizer: new cdk.CliCredentialsStackSynthesizer({
    imageAssetsRepositoryName: job.repository,
    fileAssetsBucketName: 'none',
  }),
});
new cdk.CfnWaitConditionHandle(stack, 'something'); // a template without resources gets warnings
const named = Object.keys(job.named).length ? { buildContexts: job.named } : {};
const tags = {};
for (const [name, file] of Object.entries(job.dockerfiles)) {
  const asset = new assets.DockerImageAsset(stack, name, {
    directory: job.root,
    file,
    buildArgs: job.buildArgs,
    platform: assets.Platform.custom(job.platform),
    ...named,
  });
  tags[name] = asset.imageTag;
}
app.synth();
// The newest cdk-assets reads schema 54 at most, and the newest aws-cdk-lib writes 55; their image assets are the same.
const manifest = `${job.out}/bench.assets.json`;
const read = JSON.parse(fs.readFileSync(manifest));
read.version = '54.0.0';
read.files = {}; // the upload of the template is not work on images
fs.writeFileSync(manifest, JSON.stringify(read));
fs.writeFileSync(`${job.out}/tags.json`, JSON.stringify(tags));
